/** A session chart under test: its input, and answers of the length that the chart cuts as one sees them. */
import { sessionMachine } from '../../../src/machines/session/session.machine.ts';
import type { SessionEvent, SessionInput, SessionLimits } from '../../../src/machines/session/session.types.ts';
import { type Effect, PureRun, type TurnObserver } from './pure-run.ts';

/** Every delay on and different from every other, so that a test sees which one fired. */
export const testLimits: SessionLimits = {
  idleTimeoutMs: 100_000,
  firstTokenTimeoutMs: 30_000,
  answerStallTimeoutMs: 40_000,
  speechTimeoutMs: 15_000,
  sessionTimeoutMs: 600_000,
  maxFramesPerSecond: 5,
  speechLookahead: 2,
  speechFailure: 'degrade',
  allowedCommands: ['open_app', 'close_app'],
};

export function sessionInput(limits: Partial<SessionLimits> = {}): SessionInput {
  return {
    streamId: 'stream-1',
    sessionId: 'session-1',
    hardwareId: 'device-1',
    limits: { ...testLimits, ...limits },
  };
}

export type SessionRun = PureRun<typeof sessionMachine>;

/** A session that was admitted and not asked yet. */
export function idleSession(limits: Partial<SessionLimits> = {}, onTurn?: TurnObserver): SessionRun {
  return new PureRun(sessionMachine, sessionInput(limits), unfoldFacts, onTurn);
}

/** What the voice is told travels in emitted facts, some of them packed: here each is shown as told to it. */
export function unfoldFacts(effect: Effect): readonly Effect[] {
  if (!('said' in effect) || !Array.isArray(effect.said.facts)) return [effect];
  const { facts, ...said } = effect.said;
  const told = facts.map((event) => ({ told: 'speech', event }));
  return effect.said.type === 'speech.informed' ? told : [{ said }, ...told];
}

/** A delta of the answer; `atMs` is the session's age. */
export function heard(text: string, atMs = 0): Extract<SessionEvent, { type: 'answer.textReceived' }> {
  return { type: 'answer.textReceived', text, atMs };
}

/** A session whose model was just asked. */
export function askedSession(limits: Partial<SessionLimits> = {}): SessionRun {
  const run = idleSession(limits);
  run.send({ type: 'request.received', prompt: 'What is it?' });
  return run;
}

/** A session that heard `sentences` in one delta, a line of their own; the first is being said. */
export function speakingSession(sentences: readonly string[], limits: Partial<SessionLimits> = {}): SessionRun {
  const run = askedSession(limits);
  run.send(heard(`${sentences.join(' ')}\n`));
  return run;
}

/** What the chart said to its host. */
export function saidOf(effects: readonly Effect[]): readonly unknown[] {
  return effects.flatMap((effect) => ('said' in effect ? [effect.said] : []));
}

/** What the chart told one of its actors. */
export function toldOf(effects: readonly Effect[], actor: 'answer' | 'speech'): readonly unknown[] {
  return effects.flatMap((effect) => ('told' in effect && effect.told === actor ? [effect.event] : []));
}
