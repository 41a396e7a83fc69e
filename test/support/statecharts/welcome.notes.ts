/** Words for docs/statecharts/welcome.md. The types make the compiler find every event, fact and message. */
import type { SpeechInbox, StreamEmitted } from '../../../src/machines/stream/stream.types.ts';
import type { WelcomeEvent } from '../../../src/machines/welcome/welcome.types.ts';
import type { ChartNotes, MessageNote } from './notes.ts';

/** It never asks for room: a sentence without sound has no place in it. */
const events: Readonly<Record<Exclude<WelcomeEvent['type'], 'outbox.roomFound' | 'session.superseded'>, string>> = {
  'text.received': 'The admitted request: text, voice and language. A blank text asks for the greeting.',
  'speech.finished': 'All sound of a sentence is with the outbox.',
  'speech.failed': 'A sentence could not be spoken; `retryable` if none of its sound was handed over.',
  'speech.progressReported': 'The answer to `progress.questioned`: how long each voice at work has been silent.',
  'outbox.activityReported': 'The answer to `activity.questioned`: how long ago the client last took a frame.',
  'outbox.rateExceeded': 'One frame more than the rate limit allows was about to leave.',
  'outbox.flushed':
    'Every frame so far is with the transport: the answer to `flush.awaited`, and what follows the end frame.',
  'client.cancelled': 'The client cancelled, vanished, or its deadline passed.',
  'device.interruptRequested': 'InterruptSession was called for the device whose session this is.',
  'server.graceExpired': 'The server is draining and its grace period is over.',
  'session.faulted': 'Something of ours threw: a bug.',
};

const facts: Readonly<Record<StreamEmitted['type'], string>> = {
  'speech.informed': 'Tells the voice the facts in it.',
  'flush.awaited': 'Answers with `outbox.flushed` as soon as every frame so far is with the transport.',
  'end.reached': 'Queues the end frame.',
  'activity.questioned': 'Answers at once with `outbox.activityReported`.',
  'actor.faulted': 'Logs the bug with the id that the client sees.',
};

const messages: Readonly<Record<SpeechInbox['type'], MessageNote>> = {
  'sentence.due': {
    to: 'speech',
    meaning: 'The sentence is within the look-ahead: synthesise it, keep its sound.',
    carriedBy: '`speech.informed`',
  },
  'sentence.turnCame': {
    to: 'speech',
    meaning: "It is this sentence's turn: let its sound out.",
    carriedBy: '`speech.informed`',
  },
  'sentence.abandoned': {
    to: 'speech',
    meaning: 'It will not be said, because it failed or one before it did.',
    carriedBy: '`speech.informed`',
  },
  'progress.questioned': {
    to: 'speech',
    meaning: 'How long has each voice been silent?',
    carriedBy: '`speech.informed`',
  },
};

export const welcomeNotes: ChartNotes = {
  source: 'src/machines/welcome/welcome.machine.ts',
  title: 'The welcome chart',
  intro: `One GenerateWelcomeAudio call, from its admission to its one end: a given text, spoken sentence by sentence. The voice, the
outbox and the way a stream ends are those of the [session chart](session.md).

What its shape makes true: sound goes out in the order of the text, because only the head of the queue gets its turn; a sentence that
can't be spoken ends the stream, because there is no text on the wire to fall back on, but only when it is its turn and all sound
before it is out: until then its failure waits with it in the queue, and nobody is synthesised behind it; and however long the text is, it is read in slices
of 2048 characters, only as the voice needs sentences. The frame that says who speaks is not the chart's: the outbox puts it ahead
of the first frame, so that an unknown voice is an error before any frame.`,
  pictures: [
    {
      title: 'The whole',
      text: `The arrows to \`error\` are counted, not drawn one by one. Besides these, \`error\` is reached from everywhere: client cancel,
interrupt, end of the grace period, rate limit, a bug, and the total time.`,
      picture: {
        inside: '',
        closed: ['idle', 'streaming.voice', 'streaming.reader'],
        gathered: ['error'],
      },
    },
    {
      title: 'Region voice: what is being said',
      text: `The head of the queue is the sentence being said; the next ones are synthesised meanwhile. A next sentence and a retry are steps
inside \`speaking\`: they are in the tables.`,
      picture: { inside: 'streaming.voice', closed: [], gathered: [] },
    },
    {
      title: 'Region reader: is the client still reading?',
      text: `The same as in the session chart; \`idle\` has the same inside.`,
      picture: { inside: 'streaming.reader', closed: [], gathered: [] },
    },
  ],
  sameInside: { idle: 'streaming.reader' },
  statesText: `A timed exit in parentheses belongs to a state around. \`idleCheck\` runs in every state but the final ones: in a region of its own
while streaming, and inside \`idle\`.`,
  states: {
    idle: 'Admitted; waits for its text, which the host sends in the same turn.',
    streaming: 'The voice speaks, the reader is watched.',
    'streaming.voice': 'What is being said.',
    'streaming.voice.reading':
      'No sentence waits: reads a slice of the text. While slices have nothing to say, the event loop gets a breath between two.',
    'streaming.voice.speaking': 'The head of the queue is being said.',
    'streaming.voice.speaking.listening': 'Waits until its sound is out.',
    'streaming.voice.speaking.questioned': 'Waits for the voice to say how long it has been silent.',
    'streaming.voice.failing':
      'The head failed or gave no sound; waits until the transport has all that comes before it.',
    'streaming.voice.closing': 'The end frame is queued; waits until the transport has everything.',
    'streaming.reader': 'Is the client still reading?',
    'streaming.reader.attentive': 'Waits until the idle timeout may have passed.',
    'streaming.reader.questioned': 'Waits for the outbox to say when the client last took a frame.',
    done: 'A good end. Output: reason `completed`.',
    error: 'Any other end. Output: the `error_type` as reason, and the failure.',
  },
  events,
  guards: {
    hasSentence: 'A sentence waits to be said.',
    isReadOut: 'The whole text was read.',
    hasNextSentence: 'It was the head that finished, and a sentence that did not fail waits behind it.',
    isHead: 'It was the head that finished.',
    isSynthesisWorthRetrying:
      'No sound of the sentence was handed over, it was not retried yet, and the voice did not refuse the request itself.',
    isHeadFailed: 'The head failed for good, or its voice was silent for `SPEECH_TIMEOUT`; perhaps before its turn.',
    isReaderIdle: 'The client has taken no frame for `BACKPRESSURE_IDLE_TIMEOUT`.',
  },
  delays: {
    sessionTimeout: '`SESSION_TIMEOUT`, from the start.',
    idleCheck: 'what is left of `BACKPRESSURE_IDLE_TIMEOUT`.',
    speechCheck: 'what is left of `SPEECH_TIMEOUT` for the voice that has been silent longest.',
    nextSlice: 'a breath for everybody else.',
    replyDue: 'an answer that takes longer than one turn is a bug of ours.',
  },
  facts,
  computedFacts: {},
  messages,
  actors: {
    speech:
      'Synthesises sentences, one job each, and hands their sound to the outbox. Aborts all jobs when it is stopped.',
  },
};
