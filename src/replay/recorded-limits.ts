/** The limits a recorded session ran under, as its log's header has them. */
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
