/** Engines worked by hand: every answer and every synthesis is a HandStream that the test feeds. */
import type { AnswerEngine, AnswerPart, AnswerRequest } from '../../../src/engines/answer-engine.ts';
import type { SpeechEngine, SpeechRequest } from '../../../src/engines/speech-engine.ts';
import { HandStream } from './hand-stream.ts';

export class HandAnswerEngine implements AnswerEngine {
  readonly name = 'hand';
  readonly answers: { readonly request: AnswerRequest; readonly stream: HandStream<AnswerPart> }[] = [];
  /** Called within each `answer`, before it returns. */
  onAnswer: (request: AnswerRequest) => void = () => {};

  async start(): Promise<void> {}

  answer(request: AnswerRequest, signal: AbortSignal): AsyncIterable<AnswerPart> {
    const stream = new HandStream<AnswerPart>(signal);
    this.answers.push({ request, stream });
    this.onAnswer(request);
    return stream;
  }

  async stop(): Promise<void> {}

  /** The stream of the last answer that was asked for. */
  get last(): HandStream<AnswerPart> {
    const last = this.answers.at(-1);
    if (last === undefined) throw new Error('no answer was asked for');
    return last.stream;
  }

  say(...texts: readonly string[]): void {
    this.last.give(...texts.map((text) => ({ kind: 'text' as const, text })));
  }
}

export class HandSpeechEngine implements SpeechEngine {
  readonly name = 'hand';
  readonly syntheses: { readonly request: SpeechRequest; readonly stream: HandStream<Uint8Array> }[] = [];

  async start(): Promise<void> {}

  synthesise(request: SpeechRequest, signal: AbortSignal): AsyncIterable<Uint8Array> {
    const stream = new HandStream<Uint8Array>(signal);
    this.syntheses.push({ request, stream });
    return stream;
  }

  async stop(): Promise<void> {}

  /** The n-th synthesis that was asked for. */
  at(index: number): HandStream<Uint8Array> {
    const synthesis = this.syntheses.at(index);
    if (synthesis === undefined) throw new Error(`no synthesis ${index}: ${this.syntheses.length} were asked for`);
    return synthesis.stream;
  }
}
