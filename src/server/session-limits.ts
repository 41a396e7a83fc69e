/** The bounds of one session, as the configuration sets them. */
import type { Config } from '../config.ts';
import type { SessionLimits } from '../machines/session/session.types.ts';

/** What a session chart may do, and for how long. */
export function limitsOf(config: Config): SessionLimits {
  const { backpressure, timeouts, speech, commands, killSwitches } = config;
  return {
    idleTimeoutMs: backpressure.idleTimeoutMs,
    firstTokenTimeoutMs: timeouts.firstTokenTimeoutMs,
    answerStallTimeoutMs: timeouts.answerStallTimeoutMs,
    speechTimeoutMs: timeouts.speechTimeoutMs,
    sessionTimeoutMs: timeouts.sessionTimeoutMs,
    maxFramesPerSecond: backpressure.maxFramesPerSecond,
    speechLookahead: speech.lookaheadSentences,
    speechFailure: speech.failurePolicy,
    allowedCommands: killSwitches.disableForwardAssistantActions ? [] : commands.allowed,
  };
}
