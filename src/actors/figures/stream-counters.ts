/**
 * What happened since the start, for /status: counts of jobs at work, of streams, and the figures of all that have ended, added up: the
 * end lines without reading the log. Counts and sums only grow; times to something are summarised by how often it came to that, their
 * sum and the longest. Fixed size, whatever was served.
 */
import type { StreamSummary } from '../hosts/stream-host.ts';
import { audioSecondsOf, secondsBetween } from './rounded-seconds.ts';
import { type MeteredCall, StreamMeter } from './stream-meter.ts';

/** Counts jobs that an engine is really at work on: begun and not yet ended, aborted or not. */
export class JobCount {
  readonly #called: (call: Omit<MeteredCall, 'engine'>) => void;
  #running = 0;

  /** `called`: told of each that is over and whose engine was asked. */
  constructor(called: (call: Omit<MeteredCall, 'engine'>) => void = () => {}) {
    this.#called = called;
  }

  get running(): number {
    return this.#running;
  }

  begin(): void {
    this.#running += 1;
  }

  /** `call`: null = its engine was never asked. */
  end(call: Omit<MeteredCall, 'engine'> | null): void {
    this.#running -= 1;
    if (call !== null) this.#called(call);
  }
}

export class StreamCounters {
  /** The figures of the streams that have ended. */
  readonly totals = new StreamTotals();
  /** What /metrics tells of them. */
  readonly meter = new StreamMeter();
  readonly #rejected = new Map<string, number>();
  #idleTimeouts = 0;
  #commandsSent = 0;

  countRejected(errorType: string): void {
    this.#rejected.set(errorType, (this.#rejected.get(errorType) ?? 0) + 1);
  }

  countIdleTimeout(): void {
    this.#idleTimeouts += 1;
  }

  countCommands(sent: number): void {
    this.#commandsSent += sent;
  }

  /** Refused calls by error_type. */
  get rejected(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#rejected);
  }

  get idleTimeouts(): number {
    return this.#idleTimeouts;
  }

  get commandsSent(): number {
    return this.#commandsSent;
  }
}

/** The figures of the streams that have ended. */
class StreamTotals {
  readonly #firstToken = new Waits();
  readonly #firstText = new Waits();
  readonly #firstSound = new Waits();
  #ended = 0;
  #answerRetries = 0;
  #inputTokens = 0;
  #outputTokens = 0;
  #sentences = 0;
  #spoken = 0;
  #unspoken = 0;
  #wasted = 0;
  #speechRetries = 0;
  #speechChars = 0;
  #audioBytes = 0;
  #wastedAudioBytes = 0;

  /** A stream has ended. */
  add({ stats, figures, sentences }: StreamSummary): void {
    const { sound } = figures;
    this.#ended += 1;
    this.#firstToken.add(stats.openedAtMs, figures.firstTokenAtMs);
    this.#firstText.add(stats.openedAtMs, stats.firstTextAtMs);
    this.#firstSound.add(stats.openedAtMs, stats.firstSoundAtMs);
    this.#answerRetries += figures.answerRetries;
    this.#inputTokens += figures.inputTokens ?? 0;
    this.#outputTokens += figures.outputTokens ?? 0;
    this.#sentences += sentences;
    this.#spoken += sound.spoken;
    this.#unspoken += figures.unspoken;
    this.#wasted += sound.wasted;
    this.#speechRetries += figures.speechRetries;
    this.#speechChars += figures.speechChars;
    this.#audioBytes += stats.audioBytes;
    this.#wastedAudioBytes += Math.max(0, sound.givenBytes - stats.audioBytes);
  }

  /** As /status shows them, under the names of the end line. */
  report() {
    return {
      streams_ended: this.#ended,
      first_token_seconds: this.#firstToken.report(),
      first_text_seconds: this.#firstText.report(),
      first_sound_seconds: this.#firstSound.report(),
      answer_retries: this.#answerRetries,
      input_tokens: this.#inputTokens,
      output_tokens: this.#outputTokens,
      sentences: this.#sentences,
      sentences_spoken: this.#spoken,
      sentences_unspoken: this.#unspoken,
      sentences_wasted: this.#wasted,
      speech_retries: this.#speechRetries,
      speech_chars: this.#speechChars,
      audio_seconds: audioSecondsOf(this.#audioBytes),
      wasted_audio_seconds: audioSecondsOf(this.#wastedAudioBytes),
    };
  }
}

/** How long streams took to something. */
class Waits {
  #count = 0;
  #sumMs = 0;
  #maxMs = 0;

  /** `toMs`: null = it never came to that, and does not count. */
  add(fromMs: number, toMs: number | null): void {
    if (toMs === null) return;
    this.#count += 1;
    this.#sumMs += toMs - fromMs;
    this.#maxMs = Math.max(this.#maxMs, toMs - fromMs);
  }

  report() {
    return { count: this.#count, sum: secondsBetween(0, this.#sumMs), max: secondsBetween(0, this.#maxMs) };
  }
}
