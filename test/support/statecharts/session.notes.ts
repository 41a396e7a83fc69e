/** Words for docs/statecharts/session.md. The types make the compiler find every event, fact and message. */
import type { AnswerInbox, SessionEmitted, SessionEvent } from '../../../src/machines/session/session.types.ts';
import type { SpeechInbox } from '../../../src/machines/stream/stream.types.ts';
import type { ChartNotes, MessageNote } from './notes.ts';

const events: Readonly<Record<SessionEvent['type'], string>> = {
  'request.received': 'The admitted request, with its prompt.',
  'answer.textReceived':
    'The model said a piece of text, at most 4096 characters, with the time since the session began.',
  'answer.fellQuiet':
    'The model has said nothing for 20, 80 or 200 ms: what ends like a sentence is one, the surer the sooner.',
  'answer.commandReceived': 'The model made a tool call.',
  'answer.endAnnounced': 'The model said that it is done, but its stream stays open: more may come.',
  'answer.finished': 'The model is done; `isCutOff` = not in order.',
  'answer.failed': 'The model declared a failure, or threw; it comes as a ready failure.',
  'speech.finished': 'All sound of a sentence is with the outbox.',
  'speech.failed': 'A sentence could not be spoken; `retryable` if none of its sound was handed over.',
  'speech.progressReported': 'The answer to `progress.questioned`: how long each voice at work has been silent.',
  'outbox.activityReported': 'The answer to `activity.questioned`: how long ago the client last took a frame.',
  'outbox.rateExceeded': 'One frame more than the rate limit allows was about to leave.',
  'outbox.roomFound': 'The answer to `room.awaited`: the outbox can take more.',
  'outbox.flushed':
    'Every frame so far is with the transport: the answer to `flush.awaited`, and what follows the end frame.',
  'client.cancelled': 'The client cancelled, vanished, or its deadline passed.',
  'device.interruptRequested': 'InterruptSession was called for the device.',
  'server.graceExpired': 'The server is draining and its grace period is over.',
  'session.superseded': 'A newer call of its session_id took over (`DUPLICATE_POLICY=supersede`).',
  'session.faulted': 'Something of ours threw: a bug.',
};

const facts: Readonly<Record<SessionEmitted['type'], string>> = {
  'sentence.reached': 'Queues the text frame in the outbox, then tells the voice the facts that come with it.',
  'speech.informed': 'Tells the voice the facts in it.',
  'command.reached': 'Queues the action frame.',
  'command.dropped': 'Logs the name and the reason, never the arguments.',
  'sentence.leftUnspoken': 'Logs that a sentence goes out without sound.',
  'flush.awaited': 'Answers with `outbox.flushed` as soon as every frame so far is with the transport.',
  'end.reached': 'Queues the end frame.',
  'activity.questioned': 'Answers at once with `outbox.activityReported`.',
  'room.awaited': 'Answers with `outbox.roomFound` as soon as there is room.',
  'actor.faulted': 'Logs the bug with the id that the client sees.',
};

const messages: Readonly<Record<AnswerInbox['type'] | SpeechInbox['type'], MessageNote>> = {
  'backlog.filled': { to: 'answer', meaning: 'Make the model wait: too many sentences wait for the voice.' },
  'backlog.drained': { to: 'answer', meaning: 'Let it go on.' },
  'sentence.due': {
    to: 'speech',
    meaning: 'The sentence is within the look-ahead: synthesise it, keep its sound.',
    carriedBy: '`sentence.reached` or `speech.informed`',
  },
  'sentence.turnCame': {
    to: 'speech',
    meaning: "It is this sentence's turn: let its sound out.",
    carriedBy: '`sentence.reached` or `speech.informed`',
  },
  'sentence.abandoned': { to: 'speech', meaning: 'Its sound is no longer wanted.', carriedBy: '`speech.informed`' },
  'progress.questioned': {
    to: 'speech',
    meaning: 'How long has each voice been silent?',
    carriedBy: '`speech.informed`',
  },
};

export const sessionNotes: ChartNotes = {
  source: 'src/machines/session/session.machine.ts',
  title: 'The session chart',
  intro: `One StreamAudio call, from its admission to its one end. While it is \`streaming\`, three things go on at once: the model
answers, the voice says one sentence after the other, and the reader is watched. All buffers of the request live in the
chart's context; sound and screenshots travel beside it.

What the shape of the chart makes true: the command goes out at most once and after all words and sound, because only
\`commandSent\` sends it and nothing leads back; nothing follows an end, because \`done\` and \`error\` are final; and a sentence's
text goes out on the step that makes it the head of the queue, so sentences can't overtake each other.`,
  pictures: [
    {
      title: 'The whole',
      text: `The arrows to \`error\` are counted, not drawn one by one; the tables have them all. Besides these, \`error\` is reached from
everywhere: client cancel, interrupt, end of the grace period, rate limit, a bug, and the total time. A name before a dot is the
inner state where an arrow begins.`,
      picture: {
        inside: '',
        closed: ['idle', 'commandSent', 'streaming.answer', 'streaming.voice', 'streaming.reader'],
        gathered: ['error'],
      },
    },
    {
      title: 'Region answer: the model',
      text: `Dashed states lie outside of the region. What \`running\` does without leaving it (tool calls, quiet moments) is in the tables.`,
      picture: { inside: 'streaming.answer', closed: [], gathered: [] },
    },
    {
      title: 'Region voice: what is being said',
      text: `The head of the queue is the sentence being said; the next ones are synthesised meanwhile. A next sentence, a retry and a
sentence given up are steps inside \`speaking\`: they are in the tables. A sentence without sound (nothing speakable in it, or given
up) waits in \`unvoiced\` until the outbox has room, so that a reader who does not read also holds back an answer without sound.
With \`SPEECH_FAILURE=fail\` nothing is given up: a failure is noted on its sentence and ends the stream when it is the sentence's turn,
so that all before it is read and heard in full. One that failed in the look-ahead does not get its text out either.`,
      picture: { inside: 'streaming.voice', closed: [], gathered: [] },
    },
    {
      title: 'Region reader: is the client still reading?',
      text: `No frame costs an event: the timer is armed once for when the timeout may pass at the earliest, and only then is the outbox
asked when the client last took a frame. \`idle\` and \`commandSent\` have the same inside.`,
      picture: { inside: 'streaming.reader', closed: [], gathered: [] },
    },
  ],
  sameInside: { idle: 'streaming.reader', commandSent: 'streaming.reader' },
  statesText: `A timed exit in parentheses belongs to a state around. Beside those of the table, \`idleCheck\` runs in every state but the final ones:
in a region of its own while streaming, and inside \`idle\` and \`commandSent\`, whose inside is that of \`streaming.reader\` and is listed
once.`,
  states: {
    idle: 'Admitted; waits for its request, which the host sends in the same turn.',
    streaming: 'The model answers, the voice speaks, the reader is watched.',
    'streaming.answer': 'The model.',
    'streaming.answer.running': 'The engine is at work.',
    'streaming.answer.running.awaitingFirstToken':
      'Waits for the first text. A tool call alone does not count as text.',
    'streaming.answer.running.receiving': 'Waits for more text.',
    'streaming.answer.running.held':
      'The model is made to wait until the voice has caught up: 64 sentences wait, 16 let it go on.',
    'streaming.answer.running.resuming':
      'Waits for the first text after having been held; only then does the stall watch run again.',
    'streaming.answer.answered': 'The answer is complete; the voice finishes and leads on.',
    'streaming.voice': 'What is being said.',
    'streaming.voice.silent': 'Waits for a sentence, or for the end of the answer.',
    'streaming.voice.speaking': 'The head of the queue is being said.',
    'streaming.voice.speaking.listening': 'Waits until its sound is out.',
    'streaming.voice.speaking.questioned': 'Waits for the voice to say how long it has been silent.',
    'streaming.voice.speaking.unvoiced': 'The head has no sound; waits for room in the outbox.',
    'streaming.voice.failing':
      'The head failed or gave no sound, with `SPEECH_FAILURE=fail`; waits until the transport has all that comes before it.',
    'streaming.voice.closing': 'The end frame is queued; waits until the transport has everything.',
    'streaming.reader': 'Is the client still reading?',
    'streaming.reader.attentive': 'Waits until the idle timeout may have passed.',
    'streaming.reader.questioned': 'Waits for the outbox to say when the client last took a frame.',
    commandSent:
      'All words and sound are out, the one command is queued with the end; waits until the transport has both.',
    done: 'A good end. Output: reason `completed`.',
    error: 'Any other end. Output: the `error_type` as reason, and the failure.',
  },
  events,
  guards: {
    isAnswered: 'The answer is complete.',
    hasSentence: 'A sentence waits to be said.',
    hasCommand: 'A command was accepted and is not sent yet.',
    hasNoWords: 'The answer has had no sentence at all.',
    isFinishingSentences: 'A sentence was completed since the last look, so the stall timeout has not passed yet.',
    hasNextSentence: 'It was the head that finished, and a sentence that did not fail waits behind it.',
    isHead: 'It was the head that finished.',
    isAtPossibleBoundary: 'The text so far ends like a sentence, as surely as a silence of this length asks for.',
    isBacklogFull: '64 sentences wait, or more.',
    isBacklogLow: '16 sentences wait, or fewer.',
    isHeadWithoutSpeech: 'The head has nothing to speak, or its sound was given up.',
    isHeadFailed: '`SPEECH_FAILURE=fail`, and the head failed for good or gave no sound; perhaps before its turn.',
    isSynthesisWorthRetrying: 'No sound of the sentence was handed over, and it was not retried yet.',
    isSpeechFailureFatal: '`SPEECH_FAILURE=fail`, and the failure or silence is that of a sentence still wanted.',
    isReaderIdle: 'The client has taken no frame for `BACKPRESSURE_IDLE_TIMEOUT`.',
  },
  delays: {
    sessionTimeout: '`SESSION_TIMEOUT`, from the start.',
    idleCheck: 'what is left of `BACKPRESSURE_IDLE_TIMEOUT`.',
    firstTokenTimeout: '`FIRST_TOKEN_TIMEOUT`.',
    answerStallTimeout: '`ANSWER_STALL_TIMEOUT`.',
    stallCheck: 'what is left of `ANSWER_STALL_TIMEOUT` since the last complete sentence.',
    speechCheck: 'what is left of `SPEECH_TIMEOUT` for the voice that has been silent longest.',
    replyDue: 'an answer that takes longer than one turn is a bug of ours.',
  },
  facts,
  computedFacts: { sayHead: ['sentence.reached'], sayNext: ['sentence.reached'] },
  messages,
  actors: {
    answer: 'Pulls the answer from the engine and turns it into events. Aborts the engine when it is stopped.',
    speech:
      'Synthesises sentences, one job each, and hands their sound to the outbox. Aborts all jobs when it is stopped.',
  },
};
