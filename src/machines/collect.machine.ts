/**
 * The collect chart: what one utterance has so far, between its first COLLECT and its COMMIT. One chart a buffer, so that a chunk costs
 * the same however many buffers there are.
 *
 * Guarantees: a chunk that is not newer than the last changes nothing; a chunk that would break a bound changes nothing, not even the
 * time that is left; a kept one starts that time anew; a buffer is used up or expires, once. It never sees a screenshot's bytes, only
 * how many they are; who owns them, and how many buffers there may be, is its host's business.
 */
import { assign, enqueueActions, setup } from 'xstate';
import { LONGEST_TIMER_MS } from '../call/time.ts';
import { type Failure, failure } from '../errors.ts';
import { charactersOf, isLongerThan, newerHypothesis, tooLongText } from '../text/hypothesis.ts';

export interface CollectLimits {
  /** How long a buffer waits after its last kept chunk, in ms. */
  readonly ttlMs: number;
  /** Characters (code points) of its text. */
  readonly maxChars: number;
  /** The same of the utterance that it will be: more could never be committed. */
  readonly promptMaxChars: number;
  /** Bytes that the screenshots of all buffers may have. */
  readonly maxScreenshotBytes: number;
}

/** Stands for a screenshot whose bytes are kept beside the chart. */
export interface ScreenshotHandle {
  readonly bytes: number;
}

export interface CollectContext {
  readonly limits: CollectLimits;
  /** '' = no words yet. */
  readonly text: string;
  /** null = nothing was kept yet. */
  readonly lastSequence: number | null;
  readonly screenshot: ScreenshotHandle | null;
  /** null = not told, both. */
  readonly screenWidth: number | null;
  readonly screenHeight: number | null;
}

export type CollectEvent =
  | {
      readonly type: 'chunk.received';
      readonly sequence: number;
      readonly text?: string;
      readonly screenshot?: ScreenshotHandle;
      readonly screenWidth?: number;
      readonly screenHeight?: number;
      /** Bytes of all other buffers' screenshots at this moment. */
      readonly otherScreenshotBytes: number;
    }
  /** Its COMMIT was admitted. */
  | { readonly type: 'utterance.committed' }
  /** The fault barrier: a step of this chart threw. */
  | { readonly type: 'session.faulted'; readonly faultId: string };

type ChunkReceived = Extract<CollectEvent, { readonly type: 'chunk.received' }>;

export type CollectEmitted =
  | { readonly type: 'chunk.kept' }
  | { readonly type: 'chunk.dropped' }
  | { readonly type: 'chunk.refused'; readonly failure: Failure }
  | { readonly type: 'utterance.expired' };

const collectSetup = setup({
  types: {
    context: {} as CollectContext,
    events: {} as CollectEvent,
    emitted: {} as CollectEmitted,
    input: {} as CollectLimits | undefined,
  },
  delays: {
    collectTtl: ({ context }) => Math.min(context.limits.ttlMs, LONGEST_TIMER_MS),
  },
  guards: {
    isOld: ({ context, event }) =>
      event.type === 'chunk.received' && context.lastSequence !== null && event.sequence <= context.lastSequence,
    isTextTooLong: ({ context, event }) =>
      event.type === 'chunk.received' && isLongerThan(textAfter(context, event), longestTextOf(context.limits)),
    isScreenshotTooMuch: ({ context, event }) =>
      event.type === 'chunk.received' &&
      event.screenshot !== undefined &&
      event.screenshot.bytes + event.otherScreenshotBytes > context.limits.maxScreenshotBytes,
  },
  actions: {
    keep: assign(({ context, event }) => {
      if (event.type !== 'chunk.received') return {};
      return {
        text: textAfter(context, event),
        lastSequence: event.sequence,
        screenshot: event.screenshot ?? context.screenshot,
        screenWidth: event.screenWidth ?? context.screenWidth,
        screenHeight: event.screenHeight ?? context.screenHeight,
      };
    }),
    noteKept: enqueueActions(({ enqueue }) => {
      enqueue.emit({ type: 'chunk.kept' });
    }),
    noteDropped: enqueueActions(({ enqueue }) => {
      enqueue.emit({ type: 'chunk.dropped' });
    }),
    refuseText: enqueueActions(({ context, event, enqueue }) => {
      if (event.type !== 'chunk.received') return;
      enqueue.emit({ type: 'chunk.refused', failure: textRefusal(context, event) });
    }),
    refuseScreenshot: enqueueActions(({ context, event, enqueue }) => {
      if (event.type !== 'chunk.received') return;
      enqueue.emit({ type: 'chunk.refused', failure: screenshotRefusal(context, event) });
    }),
    noteExpired: enqueueActions(({ enqueue }) => {
      enqueue.emit({ type: 'utterance.expired' });
    }),
  },
});

/** The chart of one buffer; its actors are named by the call that opened it. */
export type CollectMachine = typeof collectMachine;

export const collectMachine = collectSetup.createMachine({
  id: 'collect',
  version: '1',
  context: ({ input }) => ({
    limits: input ?? { ttlMs: 0, maxChars: 0, promptMaxChars: 0, maxScreenshotBytes: 0 },
    text: '',
    lastSequence: null,
    screenshot: null,
    screenWidth: null,
    screenHeight: null,
  }),
  on: { 'session.faulted': '.failed' },
  initial: 'empty',
  states: {
    empty: {
      on: {
        'chunk.received': [
          { guard: 'isTextTooLong', target: 'rejected', actions: 'refuseText' },
          { guard: 'isScreenshotTooMuch', target: 'rejected', actions: 'refuseScreenshot' },
          { target: 'collecting', actions: ['keep', 'noteKept'] },
        ],
      },
      after: { collectTtl: 'expired' },
    },
    collecting: {
      on: {
        'chunk.received': [
          { guard: 'isOld', actions: 'noteDropped' },
          { guard: 'isTextTooLong', actions: 'refuseText' },
          { guard: 'isScreenshotTooMuch', actions: 'refuseScreenshot' },
          // Entered anew: the time to live counts from the last chunk that was kept.
          { target: 'collecting', reenter: true, actions: ['keep', 'noteKept'] },
        ],
        'utterance.committed': 'used',
      },
      after: { collectTtl: 'expired' },
    },
    used: { type: 'final' },
    expired: { type: 'final', entry: 'noteExpired' },
    rejected: { type: 'final' },
    failed: { type: 'final' },
  },
});

function textAfter({ text }: CollectContext, chunk: ChunkReceived): string {
  return newerHypothesis(text, chunk.text ?? '');
}

function longestTextOf({ maxChars, promptMaxChars }: CollectLimits): number {
  return Math.min(maxChars, promptMaxChars);
}

/** A text that could not be committed is too large; one that only this buffer does not take may be tried again later. */
function textRefusal(context: CollectContext, chunk: ChunkReceived): Failure {
  const { maxChars, promptMaxChars } = context.limits;
  const text = textAfter(context, chunk);
  if (isLongerThan(text, promptMaxChars)) return tooLongText('The collected text', text, promptMaxChars);
  return failure(
    'overloaded',
    `The collected text would have ${charactersOf(text)} characters; at most ${maxChars} are kept (COLLECT_MAX_CHARS)`,
  );
}

function screenshotRefusal({ limits }: CollectContext, chunk: ChunkReceived): Failure {
  const bytes = (chunk.screenshot?.bytes ?? 0) + chunk.otherScreenshotBytes;
  return failure(
    'overloaded',
    `All collected screenshots together would have ${bytes} bytes; at most ${limits.maxScreenshotBytes} are kept`,
  );
}
