/** Guarantees of the session chart: the order of words, sound, the one command and the one end. */
import { describe, expect, test } from 'vitest';
import {
  askedSession,
  heard,
  idleSession,
  saidOf,
  speakingSession,
  testLimits,
} from '../../support/machines/session-run.ts';

const one = 'This is the first one.';
const two = 'Here is the second one.';
const three = 'Then comes the third one.';

const openSafari = { type: 'answer.commandReceived', name: 'open_app', args: { app_name: 'Safari' } } as const;
const safariReached = { type: 'command.reached', command: 'open_app', args: { app_name: 'Safari' } } as const;
const finishedSpeech = (segment: number) => ({ type: 'speech.finished', segment, audioBytes: 4096 }) as const;
const attentive = 'attentive';

describe('a session before its request', () => {
  test('waits in idle, with the total and the idle timer armed, and starts nothing', () => {
    const run = idleSession();
    expect(run.initial).toEqual({
      value: { idle: attentive },
      effects: [],
      changed: {
        request: { streamId: 'stream-1', sessionId: 'session-1', hardwareId: 'device-1', prompt: '' },
        limits: testLimits,
        envelope: run.context.envelope,
        cutter: run.context.cutter,
        speakable: run.context.speakable,
        sentences: [],
        nextSegment: 0,
        synthesisedBelow: 0,
        command: null,
        watch: { idleCheckInMs: 100_000, speechCheckInMs: 15_000, stallCheckAtMs: 0, stallCheckInMs: 0 },
        lastSentenceAtMs: 0,
        failure: null,
      },
    });
    expect(run.timers()).toEqual({ 'sessionTimeout@session': 600_000, 'idleCheck@session.idle.attentive': 100_000 });
  });

  test('asks the model with the prompt and starts its voice', () => {
    const run = idleSession();
    expect(run.send({ type: 'request.received', prompt: 'What is it?' })).toEqual({
      value: { streaming: { answer: { running: 'awaitingFirstToken' }, voice: 'silent', reader: attentive } },
      effects: [
        { started: 'speech', input: { streamId: 'stream-1' } },
        { started: 'answer', input: { streamId: 'stream-1', prompt: 'What is it?' } },
      ],
      changed: {
        request: { streamId: 'stream-1', sessionId: 'session-1', hardwareId: 'device-1', prompt: 'What is it?' },
      },
    });
    expect(run.timers()).toEqual({
      'sessionTimeout@session': 600_000,
      'firstTokenTimeout@session.streaming.answer.running.awaitingFirstToken': 30_000,
      'idleCheck@session.streaming.reader.attentive': 100_000,
    });
  });
});

describe('Session 2: the order of a good stream', () => {
  test('a sentence is text first, then its sound; only then comes the text of the next', () => {
    const run = askedSession();
    const first = run.send(heard(`${one} ${two} And`));
    expect(first.effects).toEqual([
      { told: 'speech', event: { type: 'sentence.due', segment: 0, speech: one } },
      { told: 'speech', event: { type: 'sentence.due', segment: 1, speech: two } },
      { said: { type: 'sentence.reached', text: one } },
      { told: 'speech', event: { type: 'sentence.turnCame', segment: 0 } },
    ]);
    expect(first.value).toEqual({
      streaming: {
        answer: { running: 'receiving' },
        voice: { speaking: 'listening' },
        reader: attentive,
      },
    });

    const next = run.send(finishedSpeech(0));
    expect(next).toEqual({
      value: first.value,
      effects: [
        { said: { type: 'sentence.reached', text: ` ${two}` } },
        { told: 'speech', event: { type: 'sentence.turnCame', segment: 1 } },
      ],
      changed: {
        sentences: [{ segment: 1, text: ` ${two}`, speech: two, failedAttempts: 0 }],
      },
    });
  });

  test('the end comes after the last sound, and done after the transport has everything', () => {
    const run = speakingSession([one]);
    expect(saidOf(run.send({ type: 'answer.finished' }).effects)).toEqual([]);
    const closing = run.send(finishedSpeech(0));
    expect(closing.value).toEqual({ streaming: { answer: 'answered', voice: 'closing', reader: attentive } });
    expect(closing.effects).toEqual([{ said: { type: 'end.reached' } }]);
    const done = run.send({ type: 'outbox.flushed' });
    expect(done).toEqual({ value: 'done', effects: [{ stopped: 'speech' }], changed: {} });
    expect(run.output).toEqual({ reason: 'completed', failure: null });
  });

  test('the tail that no stop ends is the last sentence', () => {
    const run = askedSession();
    run.send(heard('A tail without a stop'));
    const finished = run.send({ type: 'answer.finished' });
    expect(finished.effects).toEqual([
      { stopped: 'answer' },
      { told: 'speech', event: { type: 'sentence.due', segment: 0, speech: 'A tail without a stop' } },
      { said: { type: 'sentence.reached', text: 'A tail without a stop' } },
      { told: 'speech', event: { type: 'sentence.turnCame', segment: 0 } },
    ]);
  });

  test('text that was held back as the possible front of an object completes the words before it, and is not lost', () => {
    const run = askedSession({ speechTimeoutMs: 0 });
    const long = 'x'.repeat(239);
    run.send(heard(`${long}\`\``));
    const said = [...saidOf(run.send({ type: 'answer.finished' }).effects)];
    said.push(...saidOf(run.send(finishedSpeech(0)).effects));
    const texts = said.map((each) => (typeof each === 'object' && each !== null && 'text' in each ? each.text : ''));
    expect(texts.join('')).toBe(`${long}\`\``);
  });

  test('a sentence that may be one is said when the model falls quiet, without waiting for the next word', () => {
    const run = askedSession();
    expect(saidOf(run.send(heard(one)).effects)).toEqual([]);
    const quiet = run.send({ type: 'answer.fellQuiet', atMs: 250 });
    expect(saidOf(quiet.effects)).toEqual([{ type: 'sentence.reached', text: one }]);
    expect(quiet.changed).toMatchObject({ lastSentenceAtMs: 250, nextSegment: 1 });
  });

  test.each([
    ['Let me think. ', 20],
    ['Let me think.', 80],
    ['What is it? ', 20],
    ['We met Bob. ', 200],
    ['He said: "Let me think." ', 80],
    ['"Are you sure?" ', 200],
    ['Yes. ', 200],
  ])('after %j a silence of %d ms is enough to say it, and no shorter one', (text, waitMs) => {
    const run = askedSession();
    run.send(heard(text));
    for (const quietMs of [20, 80, 200].filter((ms) => ms < waitMs)) {
      expect(run.send({ type: 'answer.fellQuiet', atMs: quietMs, quietMs }).effects).toEqual([]);
    }
    const quiet = run.send({ type: 'answer.fellQuiet', atMs: waitMs, quietMs: waitMs });
    expect(saidOf(quiet.effects)).toEqual([{ type: 'sentence.reached', text: text.trim() }]);
  });

  test('silence in the middle of a sentence changes nothing', () => {
    const run = askedSession();
    run.send(heard('This is the'));
    const quiet = run.send({ type: 'answer.fellQuiet', atMs: 250 });
    expect(quiet.effects).toEqual([]);
    expect(run.context).toMatchObject({ sentences: [], nextSegment: 0, lastSentenceAtMs: 0 });
  });

  test('a sentence that the answer says twice is said twice', () => {
    const run = speakingSession([one, one]);
    run.send({ type: 'answer.finished' });
    const second = run.send(finishedSpeech(0));
    expect(second.effects).toEqual([
      { said: { type: 'sentence.reached', text: ` ${one}` } },
      { told: 'speech', event: { type: 'sentence.turnCame', segment: 1 } },
    ]);
    expect(saidOf(run.send(finishedSpeech(1)).effects)).toEqual([{ type: 'end.reached' }]);
  });

  test('a sentence that no voice can say passes as text alone, when the outbox has room', () => {
    const run = speakingSession(['🙂🙂🙂🙂🙂🙂🙂🙂🙂🙂🙂🙂🙂🙂🙂🙂\n', one]);
    run.send({ type: 'answer.finished' });
    expect(run.value).toMatchObject({ streaming: { voice: { speaking: 'unvoiced' } } });
    const next = run.send({ type: 'outbox.roomFound' });
    expect(next.effects).toEqual([
      { said: { type: 'sentence.reached', text: `\n ${one}` } },
      { told: 'speech', event: { type: 'sentence.turnCame', segment: 1 } },
    ]);
  });
});

describe('Session 3: the command', () => {
  test('waits until all words and all sound are out', () => {
    const run = speakingSession([one, two]);
    expect(run.send(openSafari)).toMatchObject({
      effects: [],
      changed: { command: { command: 'open_app', args: { app_name: 'Safari' } } },
    });
    expect(saidOf(run.send({ type: 'answer.finished' }).effects)).toEqual([]);
    expect(saidOf(run.send(finishedSpeech(0)).effects)).toEqual([{ type: 'sentence.reached', text: ` ${two}` }]);
    const sent = run.send(finishedSpeech(1));
    expect(sent).toEqual({
      value: { commandSent: attentive },
      effects: [{ stopped: 'speech' }, { said: safariReached }, { said: { type: 'end.reached' } }],
      changed: { sentences: [], command: null, watch: { ...run.context.watch, idleCheckInMs: 1 } },
    });
    expect(run.send({ type: 'outbox.flushed' }).value).toBe('done');
    expect(run.output).toEqual({ reason: 'completed', failure: null });
  });

  test('needs no words', () => {
    const run = askedSession();
    run.send(openSafari);
    const sent = run.send({ type: 'answer.finished' });
    expect(sent.value).toEqual({ commandSent: attentive });
    expect(saidOf(sent.effects)).toEqual([safariReached, { type: 'end.reached' }]);
  });

  test('is taken out of the answer object, whose text is said first', () => {
    const run = askedSession();
    run.send(heard(`{"text": "${one}", "command": "Open-App", "args": {"app_name": "Safari"}}`));
    const finished = run.send({ type: 'answer.finished' });
    expect(saidOf(finished.effects)).toEqual([{ type: 'sentence.reached', text: one }]);
    expect(saidOf(run.send(finishedSpeech(0)).effects)).toEqual([safariReached, { type: 'end.reached' }]);
  });

  test('is one at most: a second tool call and the one in the object are dropped with a fact', () => {
    const run = askedSession();
    run.send(openSafari);
    const second = run.send({ type: 'answer.commandReceived', name: 'close_app', args: { app_name: 'Mail' } });
    expect(second.changed).toEqual({});
    expect(saidOf(second.effects)).toEqual([
      {
        type: 'command.dropped',
        name: 'close_app',
        reason: 'second_command',
        detail: 'open_app came first; a session has at most one command',
      },
    ]);
    run.send(heard(`{"text": "${one}", "command": "close_app", "args": {"app_name": "Notes"}}`));
    expect(saidOf(run.send({ type: 'answer.finished' }).effects)).toEqual([
      {
        type: 'command.dropped',
        name: 'close_app',
        reason: 'second_command',
        detail: 'open_app came first; a session has at most one command',
      },
      { type: 'sentence.reached', text: one },
    ]);
    expect(saidOf(run.send(finishedSpeech(0)).effects)).toEqual([safariReached, { type: 'end.reached' }]);
  });

  test.each([
    {
      what: 'unknown',
      event: { name: 'rm_rf', args: {} },
      dropped: { name: 'rm_rf', reason: 'unknown_command', detail: 'not one of the 11 known commands' },
    },
    {
      what: 'disabled',
      event: { name: 'send_message', args: { contact: 'Ann', message: 'Hi' } },
      dropped: { name: 'send_message', reason: 'disabled_command', detail: 'switched off in the configuration' },
    },
    {
      what: 'invalid',
      event: { name: 'open_app', args: {} },
      dropped: { name: 'open_app', reason: 'invalid_args', detail: 'app_name must be string, not blank' },
    },
  ])('that is $what is dropped, and the words still go out to a good end', ({ event, dropped }) => {
    const run = speakingSession([one]);
    const proposed = run.send({ type: 'answer.commandReceived', ...event });
    expect(proposed.changed).toEqual({});
    expect(saidOf(proposed.effects)).toEqual([{ type: 'command.dropped', ...dropped }]);
    run.send({ type: 'answer.finished' });
    expect(saidOf(run.send(finishedSpeech(0)).effects)).toEqual([{ type: 'end.reached' }]);
  });

  test('out of an object that the model did not close is dropped', () => {
    const run = askedSession();
    run.send(heard(`{"text": "${one}", "command": "open_app", "args": {"app_name": "Saf`));
    expect(saidOf(run.send({ type: 'answer.finished' }).effects)).toEqual([
      {
        type: 'command.dropped',
        name: '',
        reason: 'unclosed_object',
        detail: 'the answer ended inside its object',
      },
      { type: 'sentence.reached', text: one },
    ]);
    expect(saidOf(run.send(finishedSpeech(0)).effects)).toEqual([{ type: 'end.reached' }]);
  });
});

describe('an answer that did not end in order has no command', () => {
  const cutOff = { type: 'answer.finished', isCutOff: true } as const;
  const dropped = (name: string) => ({
    type: 'command.dropped',
    name,
    reason: 'cut_off',
    detail: 'the model did not end its answer in order',
  });

  test('however whole its object is; its words go out to a good end', () => {
    const run = askedSession();
    run.send(heard(`{"text": "${one}", "command": "open_app", "args": {"app_name": "Safari"}}`));
    expect(saidOf(run.send(cutOff).effects)).toEqual([dropped('open_app'), { type: 'sentence.reached', text: one }]);
    expect(saidOf(run.send(finishedSpeech(0)).effects)).toEqual([{ type: 'end.reached' }]);
  });

  test('also none that came before', () => {
    const run = speakingSession([one]);
    run.send({ type: 'answer.commandReceived', name: 'open_app', args: { app_name: 'Safari' } });
    expect(saidOf(run.send(cutOff).effects)).toEqual([dropped('open_app')]);
    expect(saidOf(run.send(finishedSpeech(0)).effects)).toEqual([{ type: 'end.reached' }]);
  });

  test('and is no answer where that was all it had', () => {
    const run = askedSession();
    run.send(heard('{"command": "open_app", "args": {"app_name": "Safari"}}'));
    expect(saidOf(run.send(cutOff).effects)).toEqual([dropped('open_app')]);
    expect(run.output?.reason).toBe('empty_answer');
  });

  test('where there is none, nothing is dropped', () => {
    const run = speakingSession([one]);
    expect(saidOf(run.send(cutOff).effects)).toEqual([]);
  });
});

describe('Speech queue 2: the look-ahead', () => {
  test('synthesises the sentence being said and at most speechLookahead more', () => {
    const run = speakingSession([one, two, three, one, two]);
    const due = (segment: number, speech: string) => ({
      told: 'speech',
      event: { type: 'sentence.due', segment, speech },
    });
    const turn = (segment: number) => ({ told: 'speech', event: { type: 'sentence.turnCame', segment } });
    expect(run.context.synthesisedBelow).toBe(3);
    expect(run.send(finishedSpeech(0)).effects).toEqual([
      { said: { type: 'sentence.reached', text: ` ${two}` } },
      due(3, one),
      turn(1),
    ]);
    expect(run.send(finishedSpeech(1)).effects).toEqual([
      { said: { type: 'sentence.reached', text: ` ${three}` } },
      due(4, two),
      turn(2),
    ]);
    expect(run.send(finishedSpeech(2)).effects).toEqual([
      { said: { type: 'sentence.reached', text: ` ${one}` } },
      turn(3),
    ]);
  });

  test('of 0 synthesises nothing ahead', () => {
    const run = speakingSession([one, two], { speechLookahead: 0 });
    expect(run.context.synthesisedBelow).toBe(1);
    expect(run.send(finishedSpeech(0)).effects).toEqual([
      { said: { type: 'sentence.reached', text: ` ${two}` } },
      { told: 'speech', event: { type: 'sentence.due', segment: 1, speech: two } },
      { told: 'speech', event: { type: 'sentence.turnCame', segment: 1 } },
    ]);
  });

  test('takes in a sentence that is completed while another is being said', () => {
    const run = speakingSession([one]);
    expect(run.send(heard(`${two}\n`)).effects).toEqual([
      { told: 'speech', event: { type: 'sentence.due', segment: 1, speech: two } },
    ]);
  });
});
