/**
 * The scripted engines: the same stream every time, from a scenario. Nothing is chosen, timed or numbered by anything but
 * the scenario, so a run can be repeated exactly. They have no state, nothing to start or stop, and any number of runs.
 *
 * The answerer plays the steps of the first answer whose `when` matches the prompt. The voice is a 440 Hz tone of a given
 * number of chunks for every sentence, or a failure, or silence without end. All chunks of all sentences are views into one
 * table of a few kilobytes that is filled once, so a chunk costs no copy and no memory; they are shared and must be treated
 * as read-only.
 */
import { assertNever } from '../../assert.ts';
import { audioFormat } from '../../call/wire.ts';
import { EngineFailure } from '../../errors.ts';
import type { AnswerEngine, AnswerPart, AnswerRequest } from '../answer-engine.ts';
import { type PacedItems, Pause, playPaced } from '../paced-stream.ts';
import type { SpeechEngine, SpeechRequest } from '../speech-engine.ts';
import { UnknownVoices } from '../unknown-voices.ts';
import type { Scenario, ScenarioSpeech, ScenarioStep } from './scenario.ts';

/** The answer engine that plays `scenario`. A prompt that no answer matches is a declared failure, UNAVAILABLE. */
export function createScriptedAnswerEngine(scenario: Scenario): AnswerEngine {
  return {
    name: 'scripted',
    async start() {},
    answer: (request, signal) => playPaced(answerOf(scenario, request), signal),
    async stop() {},
  };
}

function* answerOf(scenario: Scenario, request: AnswerRequest): PacedItems<AnswerPart> {
  const answer = scenario.answers.find(({ when }) => when.test(request.prompt));
  if (answer === undefined) {
    throw new EngineFailure({ errorCode: 'UNAVAILABLE', message: 'no scripted answer matches the prompt' });
  }
  for (const step of answer.steps) {
    for (let count = 0; count < step.repeat; count += 1) yield partOf(step, request);
  }
}

function partOf(step: ScenarioStep, request: AnswerRequest): AnswerPart | Pause {
  switch (step.verb) {
    case 'say':
      return { kind: 'text', text: step.text };
    case 'echo':
      return { kind: 'text', text: request.prompt };
    case 'wait':
      return new Pause(step.ms);
    case 'hang':
      return new Pause(Number.POSITIVE_INFINITY);
    case 'command':
      // A copy: what one session does to its arguments must not reach the next one's.
      return { kind: 'command', name: step.name, args: structuredClone(step.args) };
    case 'usage': {
      const { inputTokens, outputTokens, model } = step;
      request.noteUsage?.({ inputTokens, outputTokens, model });
      // It gives nothing to pull: however often it is repeated, other work goes on.
      return new Pause(0);
    }
    case 'fail':
      throw new EngineFailure({ errorCode: step.errorCode, message: step.message });
    case 'throw':
      throw new Error(step.message);
    default:
      return assertNever(step);
  }
}

const toneHz = 440;
/** A quarter of full scale: clearly heard, and nobody jumps. */
const toneAmplitude = 0.25 * 32_767;
/** Eleven waves of 440 Hz are exactly 1,200 samples at 48 kHz: the shortest table that repeats without a click. */
const tonePeriodSamples = 1200;
const tonePeriodBytes = tonePeriodSamples * audioFormat.bytesPerSample;

/** The one voice that it has. */
const TONE_VOICE = 'tone';

/**
 * The speech engine that plays the `speech` part of `scenario`. A sentence matching `fail_when` is UNAVAILABLE, a voice other than
 * `tone` becomes `tone` or, where unknown voices are not replaced, is NOT_FOUND; a language makes no difference to a tone.
 */
export function createScriptedSpeechEngine(
  scenario: Scenario,
  unknownVoices = new UnknownVoices({ policy: 'refuse' }),
): SpeechEngine {
  const { speech } = scenario;
  const chunks = toneChunks(speech.chunkBytes);
  return {
    name: 'scripted',
    async start() {},
    synthesise: (request, signal) => playPaced(soundOf({ speech, chunks, unknownVoices }, request), signal),
    async stop() {},
  };
}

interface ToneOptions {
  readonly speech: ScenarioSpeech;
  readonly chunks: readonly Uint8Array[];
  readonly unknownVoices: UnknownVoices;
}

function* soundOf(
  { speech, chunks, unknownVoices }: ToneOptions,
  { text: sentence, voice = '' }: SpeechRequest,
): PacedItems<Uint8Array> {
  if (voice !== '' && voice !== TONE_VOICE) {
    if (!unknownVoices.areReplaced) {
      throw new EngineFailure({ errorCode: 'NOT_FOUND', message: `no voice "${voice}"; there is ${TONE_VOICE}` });
    }
    unknownVoices.replace(voice, TONE_VOICE);
  }
  if (speech.failWhen?.test(sentence) === true) {
    throw new EngineFailure({
      errorCode: 'UNAVAILABLE',
      message: 'scripted speech failure: the sentence matches fail_when',
    });
  }
  if (speech.hangWhen?.test(sentence) === true) yield new Pause(Number.POSITIVE_INFINITY);
  const pause = speech.msPerChunk > 0 ? new Pause(speech.msPerChunk) : undefined;
  for (let sent = 0; sent < speech.chunksPerSentence; ) {
    for (const chunk of chunks) {
      if (sent === speech.chunksPerSentence) return;
      if (pause !== undefined) yield pause;
      yield chunk;
      sent += 1;
    }
  }
}

/** The chunks of an endless tone up to where they repeat: at most 1,200, each a view into the one table. */
function toneChunks(chunkBytes: number): Uint8Array[] {
  const table = toneTable(tonePeriodBytes + chunkBytes);
  const chunks: Uint8Array[] = [];
  let offset = 0;
  do {
    chunks.push(table.subarray(offset, offset + chunkBytes));
    offset = (offset + chunkBytes) % tonePeriodBytes;
  } while (offset !== 0);
  return chunks;
}

function toneTable(bytes: number): Uint8Array {
  const table = new Uint8Array(bytes);
  const view = new DataView(table.buffer);
  for (let sample = 0; sample < bytes / audioFormat.bytesPerSample; sample += 1) {
    // The phase is taken within the period, so that equal phases give equal bytes.
    const phase = ((sample % tonePeriodSamples) * toneHz * 2 * Math.PI) / audioFormat.sampleRateHz;
    view.setInt16(sample * audioFormat.bytesPerSample, Math.round(toneAmplitude * Math.sin(phase)), true);
  }
  return table;
}
