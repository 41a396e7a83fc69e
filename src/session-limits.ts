/** The limits that a configuration puts on every session. */
import type { Config } from './config.ts';
import type { SessionLimits } from './machines/session.types.ts';

/** The limits as the session chart gets them, in milliseconds and counts. */
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
