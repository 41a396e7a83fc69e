/**
 * The numbered invariants of the queue of sentences before the voice (src/machines/stream/speech-queue.ts), as both charts that speak keep
 * them: random voices that finish, fail, stay silent and speak of what is over, while a model goes on and an outbox finds room.
 */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { failure } from '../../../src/errors.ts';
import type { SpeechInbox, StreamContext, StreamEvent } from '../../../src/machines/stream/stream.types.ts';
import { welcomeMachine } from '../../../src/machines/welcome/welcome.machine.ts';
import { type Effect, PureRun } from '../../support/machines/pure-run.ts';
import { askedSession, heard, testLimits, unfoldFacts } from '../../support/machines/session-run.ts';

const SPEECH_TIMEOUT_MS = 15_000;
const sentence = 'This is one of them.';
const wordless = '🙂'.repeat(16);

/** What happens next; segments are counted from the head. */
type Happening =
  | { readonly what: 'finish' | 'room' | 'say' | 'sayNothing' }
  | { readonly what: 'speakOfOther'; readonly offset: number }
  | { readonly what: 'fail'; readonly offset: number; readonly retryable: boolean }
  | { readonly what: 'look'; readonly silentMs: readonly number[] };

const happening: fc.Arbitrary<Happening> = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom<Happening>({ what: 'finish' }, { what: 'room' }, { what: 'say' }) },
  { weight: 1, arbitrary: fc.constant<Happening>({ what: 'sayNothing' }) },
  {
    weight: 1,
    arbitrary: fc.record({ what: fc.constant('speakOfOther' as const), offset: fc.constantFrom(-2, -1, 1) }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      what: fc.constant('fail' as const),
      offset: fc.integer({ min: -1, max: 3 }),
      retryable: fc.boolean(),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      what: fc.constant('look' as const),
      silentMs: fc.array(fc.constantFrom(0, 4_000, 9_000, 14_999, 15_000, 20_000), { maxLength: 4 }),
    }),
  },
);

interface Plan {
  readonly chart: 'session' | 'welcome';
  readonly speechFailure: 'degrade' | 'fail';
  readonly speechLookahead: number;
  readonly happenings: readonly Happening[];
}

const plans: fc.Arbitrary<Plan> = fc.record({
  chart: fc.constantFrom('session', 'welcome'),
  speechFailure: fc.constantFrom('degrade', 'fail'),
  speechLookahead: fc.integer({ min: 0, max: 3 }),
  happenings: fc.array(happening, { minLength: 5, maxLength: 60 }),
});

type Queue = Pick<StreamContext, 'sentences' | 'nextSegment' | 'synthesisedBelow' | 'watch' | 'failure'>;

/** One turn of the chart, as the voice sees it. */
interface Turn {
  readonly event: StreamEvent | null;
  readonly before: Queue;
  readonly after: Queue;
  readonly told: readonly SpeechInbox[];
  readonly effects: readonly Effect[];
  /** How long the next look at the voice is away, in ms; null = the voice is not at work. */
  readonly lookInMs: number | null;
}

interface Run {
  readonly context: Queue;
  readonly isLive: boolean;
  timers(): Readonly<Record<string, number>>;
  advance(ms: number): { readonly effects: readonly Effect[] };
  send(event: StreamEvent): { readonly effects: readonly Effect[] };
}

/** A chart in which sentences wait, and how more of them come. */
function begun({ chart, speechFailure, speechLookahead }: Plan): {
  run: Run;
  say: (text: string) => readonly Effect[];
} {
  const off = { idleTimeoutMs: 0, sessionTimeoutMs: 0, speechTimeoutMs: SPEECH_TIMEOUT_MS, speechLookahead };
  if (chart === 'session') {
    const run = askedSession({ ...off, speechFailure, firstTokenTimeoutMs: 0, answerStallTimeoutMs: 0 });
    return { run, say: (text) => run.send(heard(`${text}\n`)).effects };
  }
  const limits = { ...off, maxFramesPerSecond: testLimits.maxFramesPerSecond };
  const run = new PureRun(welcomeMachine, { streamId: 'stream-1', sessionId: 'session-1', limits }, unfoldFacts);
  run.send({ type: 'text.received', text: `${sentence}\n`.repeat(60), voice: '', language: '' });
  return { run, say: () => [] };
}

function lookInMs(run: Run): number | null {
  const [, ms] = Object.entries(run.timers()).find(([name]) => name.startsWith('speechCheck@')) ?? [];
  return ms ?? null;
}

const toldOf = (effects: readonly Effect[]): SpeechInbox[] =>
  effects.flatMap((effect) => ('told' in effect && effect.told === 'speech' ? [inboxOf(effect.event)] : []));

function inboxOf(event: { readonly type: string }): SpeechInbox {
  const { segment, speech, type } = { segment: -1, speech: '', ...event };
  switch (type) {
    case 'sentence.due':
      return { type, segment, speech };
    case 'sentence.turnCame':
    case 'sentence.abandoned':
      return { type, segment };
    case 'progress.questioned':
      return { type };
    default:
      throw new Error(`the voice is told ${type}`);
  }
}

/** The event that `what` is at this moment, or null if the world would not bring it. */
function eventOf(what: Happening, { sentences, nextSegment, synthesisedBelow }: Queue): StreamEvent | null {
  const head = sentences[0]?.segment ?? nextSegment;
  switch (what.what) {
    case 'finish':
      return { type: 'speech.finished', segment: head, audioBytes: 4096 };
    case 'room':
      return { type: 'outbox.roomFound' };
    case 'speakOfOther':
      return { type: 'speech.finished', segment: head + what.offset, audioBytes: 4096 };
    case 'fail': {
      const segment = head + what.offset;
      // A voice fails at nothing that it was not asked for.
      if (segment < 0 || segment >= synthesisedBelow) return null;
      return {
        type: 'speech.failed',
        segment,
        retryable: what.retryable,
        failure: failure('speech_failed', `no ${segment}`),
      };
    }
    case 'look': {
      const atWork = sentences.filter(
        ({ segment, speech, failure: why }) => segment < synthesisedBelow && speech !== '' && why === undefined,
      );
      const silences = what.silentMs.flatMap((silentMs, index) => {
        const segment = atWork[index]?.segment;
        return segment === undefined ? [] : [{ segment, silentMs }];
      });
      return { type: 'speech.progressReported', silences };
    }
    case 'say':
    case 'sayNothing':
      return null;
  }
}

function play(plan: Plan): { turns: readonly Turn[]; run: Run } {
  const { run, say } = begun(plan);
  const empty: Queue = { ...run.context, sentences: [], nextSegment: 0, synthesisedBelow: 0 };
  const turns: Turn[] = [];
  const add = (event: StreamEvent | null, before: Queue, effects: readonly Effect[]) =>
    turns.push({ event, before, after: run.context, told: toldOf(effects), effects, lookInMs: lookInMs(run) });
  // What the first words led to was said before anybody watched: the queue begins anew here, as if it were asked for now.
  const asked = run.context.sentences.filter(
    ({ segment, speech }) => segment < run.context.synthesisedBelow && speech !== '',
  );
  add(null, empty, [
    ...asked.map(({ segment, speech }) => ({ told: 'speech', event: { type: 'sentence.due', segment, speech } })),
    ...asked.slice(0, 1).map(({ segment }) => ({ told: 'speech', event: { type: 'sentence.turnCame', segment } })),
  ]);
  for (const what of plan.happenings) {
    const before = run.context;
    if (what.what === 'say' || what.what === 'sayNothing') {
      add(null, before, say(what.what === 'say' ? sentence : wordless));
      continue;
    }
    const waitMs = lookInMs(run);
    if (what.what === 'look' && waitMs !== null) run.advance(waitMs);
    const event = eventOf(what, before);
    if (event !== null) add(event, before, run.send(event).effects);
  }
  return { turns, run };
}

/** `check` sees every turn of a run in order, with what all turns before it told the voice. */
function holds(check: (turn: Turn, toldBefore: readonly SpeechInbox[], plan: Plan) => void): void {
  fc.assert(
    fc.property(plans, (plan) => {
      const told: SpeechInbox[] = [];
      for (const turn of play(plan).turns) {
        check(turn, told, plan);
        told.push(...turn.told);
      }
    }),
    { numRuns: 120 },
  );
}

const dues = (told: readonly SpeechInbox[]) => told.flatMap((fact) => (fact.type === 'sentence.due' ? [fact] : []));
const segmentsOf = (told: readonly SpeechInbox[], type: SpeechInbox['type']) =>
  told.flatMap((fact) => (fact.type === type && 'segment' in fact ? [fact.segment] : []));

describe('Speech queue', () => {
  test('1: segments wait in their order without a gap, and leave at the head only', () => {
    holds(({ before, after }) => {
      const segments = after.sentences.map(({ segment }) => segment);
      const first = after.nextSegment - segments.length;
      expect(segments).toEqual(segments.map((_, index) => first + index));
      expect(first).toBeGreaterThanOrEqual(before.nextSegment - before.sentences.length);
    });
  });

  test('2: synthesis is asked for inside the window only, in order and once, and never without speech', () => {
    holds(({ before, after, told }, toldBefore, { speechLookahead }) => {
      const asked = new Set(segmentsOf(toldBefore, 'sentence.due'));
      const first = dues(told).filter(({ segment }) => !asked.has(segment));
      const head = after.sentences[0]?.segment ?? after.nextSegment;
      for (const { segment, speech } of dues(told)) {
        expect(speech).not.toBe('');
        expect(segment).toBeLessThanOrEqual(head + speechLookahead);
      }
      expect(first.map(({ segment }) => segment)).toEqual(first.map(({ segment }) => segment).sort((a, b) => a - b));
      for (const { segment } of first) expect(segment).toBeGreaterThanOrEqual(before.synthesisedBelow);
      for (const { segment } of first) expect(segment).toBeLessThan(after.synthesisedBelow);
      expect(after.synthesisedBelow).toBeGreaterThanOrEqual(before.synthesisedBelow);
    });
  });

  test('3: a turn comes for the head alone, and never before it was asked for', () => {
    holds(({ after, told }, toldBefore) => {
      for (const segment of segmentsOf(told, 'sentence.turnCame')) {
        expect(segment).toBe(after.sentences[0]?.segment);
        expect(segmentsOf([...toldBefore, ...told], 'sentence.due')).toContain(segment);
      }
    });
  });

  test('4: a synthesis that failed is asked for once more, a head with its turn, and no third time', () => {
    holds(({ event, before, told }, toldBefore) => {
      const repeated = segmentsOf(told, 'sentence.due').filter((segment) =>
        segmentsOf(toldBefore, 'sentence.due').includes(segment),
      );
      for (const segment of repeated) {
        expect(event).toMatchObject({ type: 'speech.failed', segment, retryable: true });
        expect(segmentsOf(toldBefore, 'sentence.due').filter((each) => each === segment)).toHaveLength(1);
        const isHead = segment === before.sentences[0]?.segment;
        expect(segmentsOf(told, 'sentence.turnCame')).toEqual(isHead ? [segment] : []);
      }
    });
  });

  test('5: a failure stays with its sentence, and nothing from there on is asked for or kept', () => {
    holds(({ before, after, told }, toldBefore) => {
      for (const { segment, failure: why } of before.sentences) {
        const now = after.sentences.find((each) => each.segment === segment);
        if (why !== undefined && now !== undefined) expect(now.failure).toBe(why);
      }
      const failed = after.sentences.find(({ failure: why }) => why !== undefined);
      if (failed === undefined) return;
      const all = [...toldBefore, ...told];
      for (const segment of segmentsOf(told, 'sentence.due')) expect(segment).toBeLessThan(failed.segment);
      const kept = after.sentences.filter(({ segment, speech }) => segment >= failed.segment && speech !== '');
      for (const { segment } of kept.filter((each) => segmentsOf(all, 'sentence.due').includes(each.segment))) {
        expect(segmentsOf(all, 'sentence.abandoned')).toContain(segment);
      }
    });
  });

  test('5: the stream ends with that failure once its turn came and all before it is out', () => {
    let ended = 0;
    fc.assert(
      fc.property(plans, (plan) => {
        const { run } = play(plan);
        const [head] = run.context.sentences;
        if (head?.failure === undefined || !run.isLive) return;
        run.send({ type: 'outbox.flushed' });
        expect(run.isLive).toBe(false);
        expect(run.context.failure).toEqual(head.failure);
        ended += 1;
      }),
      { numRuns: 120 },
    );
    expect(ended).toBeGreaterThan(10);
  });

  test('6: the voice is looked at within the timeout, and exactly when a silence would reach it', () => {
    let looks = 0;
    holds(({ event, after, lookInMs: nextMs }) => {
      if (nextMs === null) return;
      expect(nextMs).toBeGreaterThanOrEqual(1);
      expect(nextMs).toBeLessThanOrEqual(SPEECH_TIMEOUT_MS);
      if (event?.type !== 'speech.progressReported') return;
      const remaining = event.silences.map(({ silentMs }) => SPEECH_TIMEOUT_MS - silentMs).filter((ms) => ms > 0);
      expect(after.watch.speechCheckInMs).toBe(Math.min(SPEECH_TIMEOUT_MS, ...remaining));
      looks += 1;
    });
    expect(looks).toBeGreaterThan(10);
  });

  test('7: what is told of a sentence whose sound is not wanted any more changes nothing', () => {
    let late = 0;
    holds(({ event, before, after, effects }) => {
      if (event?.type !== 'speech.failed' && event?.type !== 'speech.finished') return;
      const waiting = before.sentences.find(({ segment }) => segment === event.segment);
      const isHead = event.segment === before.sentences[0]?.segment;
      const failed = before.sentences.find(({ failure: why }) => why !== undefined);
      const isBehind = failed !== undefined && failed.segment <= event.segment;
      const isUnwanted = waiting === undefined || waiting.speech === '' || isBehind;
      const isLate = event.type === 'speech.finished' ? !isHead : isUnwanted;
      if (!isLate) return;
      expect(after.sentences).toBe(before.sentences);
      expect(effects).toEqual([]);
      late += 1;
    });
    expect(late).toBeGreaterThan(10);
  });
});
