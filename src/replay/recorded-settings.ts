/** The settings a recorded session ran under, by the names they have in the environment of a server. */
import { recordedInput } from './recorded-limits.ts';

/** Of what a session was started with; empty if that can't be read. */
export function settingsOf(input: unknown): Readonly<Record<string, string>> {
  const limits = recordedInput.safeParse(input).data?.limits;
  if (limits === undefined) return {};
  const seconds = (ms: number): string => String(ms / 1000);
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
