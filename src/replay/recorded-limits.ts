/** The limits a recorded session ran under: as its log's header has them, and by the names of a server's settings. */
import { z } from 'zod';
import type { SessionLimits } from '../machines/session/session.types.ts';
import { commandNames } from '../text/commands.ts';

const limits = z.object({
  idleTimeoutMs: z.number(),
  firstTokenTimeoutMs: z.number(),
  answerStallTimeoutMs: z.number(),
  speechTimeoutMs: z.number(),
  sessionTimeoutMs: z.number(),
  maxFramesPerSecond: z.number(),
  speechLookahead: z.number(),
  speechFailure: z.enum(['degrade', 'fail']),
  allowedCommands: z.array(z.enum(commandNames)),
}) satisfies z.ZodType<SessionLimits>;

/** What a session was started with: its limits, and ids that nobody needs to know here. */
export const recordedInput = z.looseObject({ limits });

/** The settings, by the names they have in the environment, of a session that was started with `input`; empty if that can't be read. */
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
