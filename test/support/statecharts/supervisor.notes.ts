/** Words for docs/statecharts/supervisor.md. The types make the compiler find every event and fact. */
import type { SupervisorEmitted, SupervisorEvent } from '../../../src/machines/supervisor/supervisor.types.ts';
import type { ChartNotes } from './notes.ts';

const events: Readonly<Record<SupervisorEvent['type'], string>> = {
  'service.opened': 'The engines are up: calls may be admitted.',
  'stream.requested': 'A call with valid ids asks for a stream.',
  'welcome.requested': 'A call of GenerateWelcomeAudio asks for a slot; its session id may be in flight.',
  'chunk.received': 'A COLLECT came. It takes no slot.',
  'stream.released': 'A call is over: its session has ended, or its client left while it waited. What it held is free.',
  'wait.expired': 'The call has waited for its session_id for DUPLICATE_QUEUE_TIMEOUT. The chart tells itself.',
  'load.reported':
    'A process, or the whole server, is beyond a bound of its load (`lag`, `starts`, `memory`, `prompts`), or within all of them again.',
  'worker.lost': 'A process that had calls is gone.',
  'device.interruptRequested': 'InterruptSession was called for a device.',
  'drain.requested': 'The server is to stop.',
};

const facts: Readonly<Record<SupervisorEmitted['type'], string>> = {
  'stream.admitted': 'Starts the session.',
  'chunk.admitted': 'The chunk is kept for the COMMIT to come.',
  'stream.refused':
    'Refuses the call with the failure in it; logs and counts it. It may have waited for its session_id.',
  'stream.attached': 'Lets the call hear the stream `leader` from its next sentence on.',
  'stream.queued': 'Lets the call wait.',
  'stream.unqueued': 'Nothing: its client has left.',
  'stream.superseded': 'Tells that session `session.superseded`; it ends before the newer one begins.',
  'stream.left': 'Logs and counts how a superseded session ended.',
  'worker.cleared': 'Logs and counts what was lost with the process.',
  'slot.freed': 'Logs and counts how the session ended.',
  'slot.alreadyFreed': 'Logs it at debug; nothing else happens.',
  'device.interrupted':
    'Tells those sessions `device.interruptRequested`, a crowd of them in slices; they end before the call is answered.',
  'grace.expired':
    'Tells those sessions `server.graceExpired`, a crowd of them in slices; they end in the turn that tells them.',
  'drain.finished': 'The bootstrap chart goes on to stopping.',
};

export const supervisorNotes: ChartNotes = {
  source: 'src/machines/supervisor/supervisor.machine.ts',
  title: 'The supervisor chart',
  intro: `Who may have a stream. It holds the set of session ids in flight and the slots, and decides every admission in one
transition, so nothing can come between the check and the taking.

Single-flight is checked before a slot is taken, and a slot belongs to the call (its stream id), never to the session id: a refused
duplicate holds nothing and can release nothing. Sessions are root actors in a map of the host and not children of this chart,
because spawning and stopping children costs time linear in the live sessions.

What a second call of a session id in flight is, \`DUPLICATE_POLICY\` says: refused, the one that goes on (its stream has the id and the slot
of the older one in the same turn), the next one (it waits for the id, without a slot), or a listener of the stream that runs.

Streams, sessions in flight and what belongs to which device are kept in persistent tables
(\`src/machines/supervisor/persistent-table.ts\`): a turn costs the same with 10 and with 10,000 streams, apart from those that it names, and
it names them in the order in which they were admitted.`,
  pictures: [
    {
      title: 'The whole',
      text: `Under a state's name stands what it does without leaving it. Not drawn: \`stream.released\`, \`wait.expired\`, \`device.interruptRequested\`,
\`load.reported\` and \`worker.lost\`, which every state accepts and stays in, and the refusal of \`stream.requested\` in \`draining\`; the tables have them.`,
      picture: { inside: '', closed: [], gathered: [] },
    },
  ],
  sameInside: {},
  statesText: `A timed exit in parentheses belongs to a state around.`,
  states: {
    closed:
      'The server listens, the engines are not up; waits for `service.opened`. The bootstrap chart bounds the wait.',
    open: 'Serving. The one state without a timed exit, on purpose: it lasts until the server is to stop.',
    draining: 'No call is admitted any more.',
    'draining.waiting': 'Running streams may end by themselves.',
    'draining.ending': 'The rest has been told to end.',
    drained: 'No stream runs. The end of the chart, though it still refuses calls and takes back slots.',
  },
  events,
  guards: {
    isSessionInFlight: 'A stream with this session_id is running, and `DUPLICATE_POLICY` is `reject`.',
    isOfAnotherDevice:
      'Its session_id is in flight, of another device: an id that is known says nothing about whose it is.',
    isQueueFull: 'It would wait for its session_id, and `DUPLICATE_QUEUE_MAX` calls do already.',
    isDeviceStreaming:
      '`ONE_STREAM_PER_DEVICE` is on and the device has a running stream, other than one that this call supersedes.',
    isDeviceFull:
      'The device has `BACKPRESSURE_MAX_STREAMS_PER_DEVICE` running streams, without one that this call supersedes.',
    isFull: '`BACKPRESSURE_MAX_STREAMS` streams are running, without one that this call supersedes.',
    isOverloaded: 'The process of the call, or the whole server, is beyond a bound of its load.',
    isShortOfMemory: 'The same, and the bound is one of memory: `memory` or `prompts`.',
    isSuperseding: 'A stream with this session_id is running, and `DUPLICATE_POLICY` is `supersede`.',
    isQueuing:
      'A stream with this session_id is running, and `DUPLICATE_POLICY` is `queue`. Its slot is judged when the id comes free.',
    isAttaching: 'A stream with this session_id is running, and `DUPLICATE_POLICY` is `attach`.',
    isHoldingSlot: 'The stream holds a slot.',
    isWaiting: 'The call waits for its session_id.',
    isLeaving: 'The stream was superseded, and its end was not told yet.',
    isEmpty: 'No stream holds a slot, and none that was superseded still runs.',
  },
  delays: {
    gracePeriod: '`BACKPRESSURE_GRACE_PERIOD`.',
    endingDue: 'ten thousand streams are ended in some 3 s; a slot still held then is a bug, and no reason to stay up.',
  },
  facts,
  computedFacts: {
    admit: ['stream.admitted'],
    supersede: ['stream.superseded', 'stream.admitted'],
    queue: ['stream.queued'],
    attach: ['stream.attached'],
    admitWelcome: ['stream.admitted'],
    admitChunk: ['chunk.admitted'],
    refuse: ['stream.refused'],
    free: ['slot.freed', 'stream.refused', 'stream.admitted'],
    leaveQueue: ['stream.unqueued'],
    endWaiting: ['stream.refused'],
    endAllWaiting: ['stream.refused'],
    forgetSuperseded: ['stream.left'],
    noteFreedTwice: ['slot.alreadyFreed'],
    interruptDevice: ['stream.refused', 'device.interrupted'],
    clearWorker: ['worker.cleared', 'slot.freed', 'stream.refused', 'stream.admitted'],
    expireGrace: ['grace.expired'],
    finishDrain: ['drain.finished'],
  },
  messages: {},
  actors: {},
};
