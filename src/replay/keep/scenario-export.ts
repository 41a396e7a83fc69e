/**
 * A full log as a scenario for the scripted engines (CONTRACT §3): what the model said, when and how it ended, and what became of the sound
 * of each sentence. With it, and under the same settings, a whole server re-runs the session over gRPC, not the chart alone.
 *
 * What a scenario can't say is told in notes, never guessed: what the client did, sound of different lengths, a voice that failed once.
 */
import { z } from 'zod';
import type { LoggedEvent } from '../../log/log-format.ts';
import type { EventLog } from '../../log/log-reader.ts';
import { settingsOf } from '../recorded-limits.ts';
import { exactPattern, MAX_PATTERN_CHARS, type RecordedSpeech, recordedSpeech } from './scenario-speech.ts';

type Step =
  | { say: string }
  | { wait_ms: number }
  | { command: { command: string; args: unknown } }
  | { fail: { error_code: string; message: string } }
  | { throw: string }
  | { hang: true };

export interface ScenarioExport {
  /** What the file holds. */
  readonly scenario: {
    readonly answers: readonly { readonly when: string; readonly steps: readonly Step[] }[];
    readonly speech: RecordedSpeech['speech'];
  };
  /** Settings, by name, under which the session ran. */
  readonly settings: Readonly<Record<string, string>>;
  /** What is not as it was. */
  readonly notes: readonly string[];
}

/** The scenario of a log, or why there can be none. */
export function exportScenario(log: EventLog): ScenarioExport | { readonly refused: string } {
  const { header, turns, footer } = log;
  if (header.machine !== 'session') return { refused: `it is the log of a ${header.machine}, not of a session` };
  if (header.redaction !== 'full') {
    const how = 'only a log that was recorded with EVENT_LOG_REDACTION=full has the words';
    return { refused: `its texts stand in it by their shape alone; ${how}` };
  }
  const prompt = turns.find(({ event }) => event.type === 'request.received')?.event.prompt;
  if (typeof prompt !== 'string') return { refused: 'the session ended before it was asked anything' };
  const { steps, isEnded } = stepsOf(log);
  const { speech, notes } = recordedSpeech(log);
  const when = exactPattern(prompt);
  const clientNote = clientNotes[footer?.reason ?? ''];
  return {
    scenario: { answers: [{ when, steps: isEnded ? steps : [...steps, { hang: true }] }], speech },
    settings: settingsOf(header.input),
    notes: [
      ...(isEnded ? [] : ['the model had not ended: in the scenario it says nothing more']),
      ...(when.length >= MAX_PATTERN_CHARS ? ['the prompt is long: its beginning is what matches'] : []),
      ...(clientNote === undefined ? [] : [clientNote]),
      ...notes,
    ],
  };
}

/** Ends that came from outside. */
const clientNotes: Readonly<Record<string, string>> = {
  client_cancelled: 'the client ended the session: cancel the call to end it so',
  interrupted: 'the device ended the session: call InterruptSession to end it so',
  stream_idle_timeout: 'the client took no frames: do not read, to end it so',
  draining: 'the end of the grace period ended the session: stop the server to end it so',
};

const failureSchema = z.object({ errorCode: z.string(), errorType: z.string(), message: z.string() });

function stepsOf({ turns }: EventLog): { readonly steps: readonly Step[]; readonly isEnded: boolean } {
  const steps: Step[] = [];
  let sinceMs: number | null = null;
  for (const { event, atMs } of turns) {
    if (event.type === 'request.received') sinceMs = atMs;
    const isEnd = event.type === 'answer.finished' || event.type === 'answer.failed';
    const step = stepOf(event);
    if (sinceMs === null || (step === null && !isEnd)) continue;
    const waitMs = Math.round((atMs - sinceMs) * 10) / 10;
    sinceMs = atMs;
    // Shorter than that is the way through the server, which a re-run has too.
    if (waitMs >= 1) steps.push({ wait_ms: waitMs });
    if (step !== null) steps.push(step);
    if (isEnd) return { steps, isEnded: true };
  }
  return { steps, isEnded: false };
}

/** What the model did; null for what it did not do, and for a good end, which is the end of the steps. */
function stepOf(event: LoggedEvent): Step | null {
  if (event.type === 'answer.textReceived') return { say: String(event.text) };
  if (event.type === 'answer.commandReceived') return { command: { command: String(event.name), args: event.args } };
  if (event.type !== 'answer.failed') return null;
  const { errorCode, errorType, message } = failureSchema.parse(event.failure);
  // What an engine throws unexpectedly never gets into a log: it stands in the server's, under that id.
  if (errorType === 'processing_error' && message.startsWith('Internal error (')) return { throw: message };
  return { fail: { error_code: errorCode, message } };
}
