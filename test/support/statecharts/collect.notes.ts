/** Words for docs/statecharts/collect.md. The types make the compiler find every event and fact. */
import type { CollectEmitted, CollectEvent } from '../../../src/machines/collect.machine.ts';
import type { ChartNotes } from './notes.ts';

const events: Readonly<Record<CollectEvent['type'], string>> = {
  'chunk.received':
    'A COLLECT that the supervisor lets in, with how many bytes the screenshots of all other buffers have at this moment.',
  'utterance.committed': 'The COMMIT was admitted; its stream has all that was collected.',
  'session.faulted': 'The fault barrier: a step of this chart threw.',
};

const facts: Readonly<Record<CollectEmitted['type'], string>> = {
  'chunk.kept': 'Keeps the screenshot in place of the one before; answers COLLECT_ACCEPTED.',
  'chunk.dropped': 'Answers COLLECT_ACCEPTED and forgets the chunk with its screenshot.',
  'chunk.refused': 'Refuses the call with the failure in it; logs and counts it.',
  'utterance.expired': 'Logs it at debug; the buffer and its screenshot are gone.',
};

export const collectNotes: ChartNotes = {
  source: 'src/machines/collect.machine.ts',
  title: 'The collect chart',
  intro: `What one utterance has so far, between its first COLLECT and its COMMIT. There is one such chart for each device and session that
collects, in a map of its host, so that a chunk costs the same however many there are.

Words are a newer whole hypothesis and replace the older ones, unless they start with white space: then they are a tail and are appended. A
screenshot is here as its number of bytes alone. When a buffer reaches its end, however that was, the host forgets it with its screenshot.`,
  pictures: [
    {
      title: 'The whole',
      text: "Under a state's name stands what it does without leaving it. Not drawn: `session.faulted`, which leads to `failed` from every state.",
      picture: { inside: '', closed: [], gathered: [] },
    },
  ],
  sameInside: {},
  statesText: 'How many buffers there may be is counted before a chart is made (`COLLECT_MAX_BUFFERS`).',
  states: {
    empty: 'Made for a first chunk, which it hears in the same turn.',
    collecting: 'Something is kept; waits for more, or for the COMMIT.',
    used: 'The stream of its COMMIT has it.',
    expired: 'No COMMIT came in time.',
    rejected: 'The first chunk broke a bound: nothing was ever kept.',
    failed: 'A bug of ours.',
  },
  events,
  guards: {
    isOld: 'Its chunk_seq is not greater than that of the last chunk that was kept.',
    isTextTooLong: 'With it the text would have more than `COLLECT_MAX_CHARS` characters.',
    isScreenshotTooMuch:
      'With it the screenshots of all buffers would have more bytes than are kept; the one it replaces does not count.',
  },
  delays: {
    collectTtl: '`COLLECT_TTL`, since the last chunk that was kept.',
  },
  facts,
  computedFacts: {},
  messages: {},
  actors: {},
};
