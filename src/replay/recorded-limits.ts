/** The limits a recorded session ran under: as its log's header has them, and by the names of a server's settings. */
import { LONGEST_TIMER_MS } from '../call/time.ts';
import type { SessionLimits } from '../machines/session/session.types.ts';
import { commandNames } from '../text/commands.ts';

/** What each limit must be; the compiler asks for one that is new. */
const limitRules: Readonly<Record<keyof SessionLimits, (value: unknown) => boolean>> = {
  idleTimeoutMs: isNumber,
  firstTokenTimeoutMs: isNumber,
  answerStallTimeoutMs: isNumber,
  speechTimeoutMs: isNumber,
  sessionTimeoutMs: isNumber,
  maxFramesPerSecond: isNumber,
  speechLookahead: isNumber,
  speechFailure: (value) => value === 'degrade' || value === 'fail',
  allowedCommands: (value) => Array.isArray(value) && value.every((each) => commandNames.some((name) => name === each)),
};

export const limitNames: readonly string[] = Object.freeze(Object.keys(limitRules));

/** What a session was started with: its limits, and ids that nobody needs to know here. */
export interface RecordedInput {
  readonly limits: SessionLimits;
  readonly [name: string]: unknown;
}

/** `input` as a session's; null = it does not say under which limits it ran. */
export function recordedInputOf(input: unknown): RecordedInput | null {
  return isRecordedInput(input) ? input : null;
}

function isRecordedInput(input: unknown): input is RecordedInput {
  if (!isRecord(input) || !isRecord(input.limits)) return false;
  const { limits } = input;
  return Object.entries(limitRules).every(([name, is]) => is(limits[name]));
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isNumber(value: unknown): boolean {
  return typeof value === 'number' && Number.isFinite(value);
}

/** The settings, by the names they have in the environment, of a session that was started with `input`; empty if that can't be read. */
export function settingsOf(input: unknown): Readonly<Record<string, string>> {
  const limits = recordedInputOf(input)?.limits;
  if (limits === undefined) return {};
  // What is off was recorded as the longest time that a timer can wait, or as 0.
  const seconds = (ms: number): string => (ms >= LONGEST_TIMER_MS ? '0' : String(ms / 1000));
  const { allowedCommands: commands } = limits;
  return {
    BACKPRESSURE_IDLE_TIMEOUT: seconds(limits.idleTimeoutMs),
    BACKPRESSURE_MAX_RATE: String(limits.maxFramesPerSecond),
    FIRST_TOKEN_TIMEOUT: seconds(limits.firstTokenTimeoutMs),
    ANSWER_STALL_TIMEOUT: seconds(limits.answerStallTimeoutMs),
    SPEECH_TIMEOUT: seconds(limits.speechTimeoutMs),
    SESSION_TIMEOUT: seconds(limits.sessionTimeoutMs),
    SPEECH_LOOKAHEAD: String(limits.speechLookahead),
    SPEECH_FAILURE: limits.speechFailure,
    // An empty list can't be said: an empty value counts as not set.
    ...(commands.length > 0
      ? { COMMANDS: commands.join(',') }
      : { KILL_SWITCHES: 'disable_forward_assistant_actions' }),
  };
}
