/** Guarantees of the answer actor: every word in order, back-pressure that reaches the engine, an abort that does, honest failures. */
import { afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import { createAnswerActor, SILENCES_MS } from '../../../src/actors/answer/answer.actor.ts';
import { JobCount } from '../../../src/actors/figures/stream-counters.ts';
import { StreamFigures } from '../../../src/actors/figures/stream-figures.ts';
import type { StreamResourceMap } from '../../../src/actors/hosts/stream-resources.ts';
import { createOutbox } from '../../../src/actors/outbox/outbox.ts';
import type { Call } from '../../../src/call/call.ts';
import type { Screen } from '../../../src/call/gateway.ts';
import type { AnswerUsage } from '../../../src/engines/answer-engine.ts';
import { EngineFailure } from '../../../src/errors.ts';
import type { SessionEvent } from '../../../src/machines/session/session.types.ts';
import { quietWaits } from '../../../src/text/sentence-stop.ts';
import { HandAnswerEngine } from '../../support/actors/hand-engines.ts';
import { HandSink } from '../../support/actors/hand-sink.ts';
import { settle } from '../../support/actors/hand-stream.ts';
import { callOf, endAll, keepingFaults } from '../../support/actors/hosted-supervisor.ts';
import { type HostedActor, hostActor } from '../../support/actors/parent-actor.ts';

const call = callOf('stream-1', 'session-1');
const screen: Screen = {
  screenshot: { bytes: new Uint8Array([1, 2, 3]), mediaType: 'image/png', widthPixels: 1920, heightPixels: 1080 },
  screenWidth: 1920,
};

interface Bench {
  readonly engine: HandAnswerEngine;
  readonly jobs: JobCount;
  readonly reports: { id: string; error: unknown }[];
  readonly noted: { call: Call; usage: AnswerUsage }[];
  readonly actor: HostedActor;
  readonly clock: { ms: number };
}

interface StartOptions {
  readonly makeEngine?: () => HandAnswerEngine;
  readonly onHeard?: (event: SessionEvent, child: HostedActor) => void;
}

function start({ makeEngine, onHeard }: StartOptions = {}): Bench {
  const engine = new HandAnswerEngine();
  const jobs = new JobCount();
  const reports: Bench['reports'] = [];
  const noted: Bench['noted'] = [];
  const clock = { ms: 1_000 };
  const now = () => clock.ms;
  const outbox = createOutbox({
    sink: new HandSink(),
    maxFramesPerSecond: 0,
    now,
    notify: () => {},
    commandSent: () => {},
    handoverFailed: () => {},
  });
  const resources: StreamResourceMap = new Map([
    ['stream-1', { call, screen, outbox, figures: new StreamFigures(now), tellSpeech: () => {}, disposers: [] }],
  ]);
  onTestFinished(() => endAll(resources));
  const logic = createAnswerActor({
    engine: makeEngine ?? (() => engine),
    resources,
    jobs,
    faults: keepingFaults(reports),
    noteUsage: (asked, usage) => noted.push({ call: asked, usage }),
    history: null,
    now,
  });
  const actor = hostActor(logic, { streamId: 'stream-1', prompt: 'What is it?' }, onHeard);
  return { engine, jobs, reports, noted, actor, clock };
}

const textOf = (actor: HostedActor): string =>
  actor.heard.map((event) => (event.type === 'answer.textReceived' ? event.text : '')).join('');
const typesOf = (actor: HostedActor): readonly string[] => actor.heard.map(({ type }) => type);

describe('an answer', () => {
  test('is asked for with the prompt, the device and the screenshot as it came', async () => {
    const { engine } = start();
    await settle();
    const prompt = 'What is it?';
    const { hardwareId } = call;
    const { screenshot, screenWidth } = screen;
    const [noteUsage, noteProvider, noteEnding] = [expect.any(Function), expect.any(Function), expect.any(Function)];
    expect(engine.answers.map((each) => each.request)).toEqual([
      { prompt, hardwareId, screenshot, screenWidth, noteUsage, noteProvider, noteEnding },
    ]);
  });

  test('is told word for word with its commands in their place, then its end', async () => {
    const { engine, actor, jobs, clock } = start();
    clock.ms = 1_250;
    engine.say('It is ', 'sunny. ');
    engine.last.give({ kind: 'command', name: 'open_app', args: { app_name: 'Safari' } });
    engine.say('Bye.');
    engine.last.end();
    await settle();
    expect(actor.heard).toEqual([
      { type: 'answer.textReceived', text: 'It is sunny. ', atMs: 250 },
      { type: 'answer.commandReceived', name: 'open_app', args: { app_name: 'Safari' } },
      { type: 'answer.textReceived', text: 'Bye.', atMs: 250 },
      { type: 'answer.finished' },
    ]);
    expect(jobs.running).toBe(0);
  });

  test('that the model says has ended is told to have, behind its words; and in the end that it was cut off', async () => {
    const { engine, actor, clock } = start();
    engine.say('It is ');
    await settle();
    clock.ms += 100;
    engine.say('sun');
    await settle();
    engine.answers.at(-1)?.request.noteEnding?.();
    engine.last.give({ kind: 'cutOff' });
    engine.last.end();
    await settle();
    expect(actor.heard.slice(1)).toEqual([
      { type: 'answer.textReceived', text: 'sun', atMs: 100 },
      { type: 'answer.endAnnounced', atMs: 100 },
      { type: 'answer.finished', isCutOff: true },
    ]);
  });

  test('that comes slowly is told as it comes', async () => {
    const { engine, actor, clock } = start();
    engine.say('One ');
    await settle();
    clock.ms += 30;
    engine.say('two');
    await settle();
    expect(actor.heard).toEqual([
      { type: 'answer.textReceived', text: 'One ', atMs: 0 },
      { type: 'answer.textReceived', text: 'two', atMs: 30 },
    ]);
  });

  test('in one giant delta is cut, so that no fact of it is longer than 4096 characters, and nothing is lost', async () => {
    const { engine, actor } = start();
    const giant = Array.from({ length: 20_001 }, (_, index) => String.fromCharCode(97 + (index % 26))).join('');
    engine.say('Short. ', giant, 'tail');
    engine.last.end();
    await settle();
    expect(textOf(actor)).toBe(`Short. ${giant}tail`);
    for (const event of actor.heard) {
      if (event.type === 'answer.textReceived') expect(event.text.length).toBeLessThanOrEqual(4096);
    }
    expect(typesOf(actor).at(-1)).toBe('answer.finished');
  });

  test('counts as a job from the question until the engine is through', async () => {
    const { engine, jobs } = start();
    expect(jobs.running).toBe(1);
    engine.last.end();
    await settle();
    expect(jobs.running).toBe(0);
  });
});

describe('back-pressure', () => {
  test('really stops pulling from the engine, and goes on where it stopped', async () => {
    const { engine, actor } = start();
    engine.say('One ');
    await settle();
    actor.send({ type: 'backlog.filled' });
    // The pull that was under way before is answered, and its words wait; after it there is none.
    engine.say('two ');
    await settle();
    const pulls = engine.last.pulls;
    engine.say('three ', 'four');
    await settle();
    expect(engine.last.pulls).toBe(pulls);
    expect(textOf(actor)).toBe('One ');

    actor.send({ type: 'backlog.drained' });
    engine.last.end();
    await settle();
    expect(textOf(actor)).toBe('One two three four');
    expect(typesOf(actor).at(-1)).toBe('answer.finished');
  });

  test('that comes with the very words that fill the backlog keeps the engine from being asked for more', async () => {
    const { engine } = start({ onHeard: (_event, child) => child.send({ type: 'backlog.filled' }) });
    engine.say('x'.repeat(8192), 'more', 'and more');
    await settle();
    expect(engine.last.pulls).toBe(1);
  });

  test('holds the rest of a giant delta as well', async () => {
    const { engine, actor } = start();
    actor.send({ type: 'backlog.filled' });
    engine.say('x'.repeat(50_000));
    engine.last.end();
    await settle();
    expect(textOf(actor)).toBe('');
    actor.send({ type: 'backlog.drained' });
    await settle();
    expect(textOf(actor)).toHaveLength(50_000);
  });

  test('ends with the actor: an answer that is held does not hold its engine', async () => {
    const { engine, actor, jobs } = start();
    actor.send({ type: 'backlog.filled' });
    engine.say('One ');
    await settle();
    actor.stop();
    await settle();
    expect({
      isAborted: engine.last.signal.aborted,
      isReturned: engine.last.isReturned,
      running: jobs.running,
    }).toEqual({
      isAborted: true,
      isReturned: true,
      running: 0,
    });
  });
});

describe('the tokens of an answer', () => {
  const usage: AnswerUsage = { inputTokens: 4, outputTokens: 2, model: 'm' };

  test('are noted for the stream that asked, and are no news for the chart', async () => {
    const { engine, actor, noted } = start();
    engine.answers[0]?.request.noteUsage?.(usage);
    engine.last.end();
    await settle();
    expect(noted).toEqual([{ call, usage }]);
    expect(typesOf(actor)).toEqual(['answer.finished']);
  });

  test('are noted also when the engine tells them after an abort', async () => {
    const { engine, actor, noted } = start();
    engine.say('One ');
    await settle();
    actor.stop();
    await settle();
    engine.answers[0]?.request.noteUsage?.(usage);
    expect(noted).toEqual([{ call, usage }]);
  });
});

describe('when the actor is stopped', () => {
  test('the engine is aborted in the same turn and nothing more is told', async () => {
    const { engine, actor, jobs } = start();
    engine.say('One ');
    await settle();
    actor.stop();
    expect(engine.last.signal.aborted).toBe(true);
    engine.say('two');
    await settle();
    expect(textOf(actor)).toBe('One ');
    expect(jobs.running).toBe(0);
  });

  test('what the engine throws for the abort is no failure and no news', async () => {
    const { engine, actor, reports } = start();
    actor.stop();
    engine.last.fail(new Error('aborted'));
    await settle();
    expect({ heard: actor.heard, reports }).toEqual({ heard: [], reports: [] });
  });

  test('an answer that is complete is not aborted any more', async () => {
    const { engine, actor } = start();
    engine.last.end();
    await settle();
    actor.stop();
    expect(engine.last.signal.aborted).toBe(false);
  });
});

describe('a failure', () => {
  test('that the engine declares goes out with its words, behind the words that came before it', async () => {
    const { engine, actor, reports, jobs } = start();
    engine.say('One. ');
    engine.last.fail(new EngineFailure({ errorCode: 'UNAVAILABLE', message: 'model is down' }));
    await settle();
    expect(actor.heard).toEqual([
      { type: 'answer.textReceived', text: 'One. ', atMs: 0 },
      {
        type: 'answer.failed',
        failure: { errorCode: 'UNAVAILABLE', errorType: 'answer_failed', message: 'model is down' },
      },
    ]);
    expect({ reports, running: jobs.running }).toEqual({ reports: [], running: 0 });
  });

  test.each([undefined, 'TEAPOT'])('declared with the code %s is INTERNAL with its words', async (errorCode) => {
    const { engine, actor } = start();
    engine.last.fail(new EngineFailure({ errorCode, message: 'odd' }));
    await settle();
    expect(actor.heard).toEqual([
      {
        type: 'answer.failed',
        failure: { errorCode: 'INTERNAL', errorType: 'processing_error', message: 'odd' },
      },
    ]);
  });

  test.each([
    ['an error', new Error('secret')],
    ['no error object', 'secret'],
  ])('that nobody declared (%s) goes to the log; the client gets the id', async (_what, thrown) => {
    const { engine, actor, reports } = start();
    engine.last.fail(thrown);
    await settle();
    expect(actor.heard).toEqual([
      {
        type: 'answer.failed',
        failure: { errorCode: 'INTERNAL', errorType: 'processing_error', message: 'Internal error (stream-1)' },
      },
    ]);
    expect(reports).toEqual([{ id: 'stream-1', error: thrown }]);
  });

  test('of an engine that is not up is a failure of the answer and not of the actor', async () => {
    const missing = new Error('the engines are not up');
    const { actor, reports, jobs } = start({
      makeEngine: () => {
        throw missing;
      },
    });
    await settle();
    expect(typesOf(actor)).toEqual(['answer.failed']);
    expect({ reports, errors: actor.errors, running: jobs.running }).toEqual({
      reports: [{ id: 'stream-1', error: missing }],
      errors: [],
      running: 0,
    });
  });
});

describe('silence', () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  const pass = (clock: { ms: number }, ms: number): void => {
    clock.ms += ms;
    vi.advanceTimersByTime(ms);
  };

  test('of 200 ms after words is told once, and again after later words', async () => {
    const { engine, actor, clock } = start();
    engine.say('One');
    await settle();
    pass(clock, 199);
    expect(typesOf(actor)).toEqual(['answer.textReceived']);
    pass(clock, 1);
    pass(clock, 1_000);
    expect(actor.heard.slice(1)).toEqual([{ type: 'answer.fellQuiet', atMs: 200, quietMs: 200 }]);
    engine.say(' Two');
    await settle();
    pass(clock, 200);
    expect(typesOf(actor)).toEqual([
      'answer.textReceived',
      'answer.fellQuiet',
      'answer.textReceived',
      'answer.fellQuiet',
    ]);
  });

  test('is told sooner where the text ends like a sentence, the sooner with white space behind it', async () => {
    const silencesAfter = async (...deltas: readonly string[]) => {
      const { engine, actor, clock } = start();
      for (const delta of deltas) {
        engine.say(delta);
        await settle();
      }
      for (let ms = 0; ms < 1_000; ms += 5) pass(clock, 5);
      return actor.heard.flatMap((event) => (event.type === 'answer.fellQuiet' ? [[event.atMs, event.quietMs]] : []));
    };
    const all = [20, 80, 200].map((ms) => [ms, ms]);
    expect(await silencesAfter('Let me think. ')).toEqual(all);
    expect(await silencesAfter('Let me think', '.', ' ')).toEqual(all);
    expect(await silencesAfter('{"text": "Let me think.\\n')).toEqual(all);
    expect(await silencesAfter('Title', '\n')).toEqual(all);
    expect(await silencesAfter('Let me think.')).toEqual(all.slice(1));
    expect(await silencesAfter('He said: "Let me think."')).toEqual(all.slice(1));
    expect(await silencesAfter('Let me think. N')).toEqual(all.slice(2));
    expect(await silencesAfter('Let me ')).toEqual(all.slice(2));
  });

  test('is looked for at no time that has passed, however late a look comes', async () => {
    const { engine, actor, clock } = start();
    const armed = vi.spyOn(globalThis, 'setTimeout');
    engine.say('Let me. ');
    await settle();
    // A machine that is busy with others: the clock goes on, and timers come behind.
    clock.ms += 700;
    vi.advanceTimersByTime(700);
    const delaysMs = armed.mock.calls.map(([, ms]) => ms);
    vi.restoreAllMocks();
    expect(typesOf(actor).filter((type) => type === 'answer.fellQuiet')).toHaveLength(SILENCES_MS.length);
    expect(delaysMs.length).toBeGreaterThan(1);
    expect(delaysMs.every((ms) => ms !== undefined && ms >= 0)).toBe(true);
  });

  test('has the lengths that the rules for stops ask for', () => {
    expect(SILENCES_MS).toEqual(Object.values(quietWaits));
  });

  test('counts from the last words: a model that goes on every 150 ms never falls quiet', async () => {
    const { engine, actor, clock } = start();
    for (let delta = 0; delta < 10; delta += 1) {
      engine.say('word ');
      await settle();
      pass(clock, 150);
    }
    expect(typesOf(actor)).not.toContain('answer.fellQuiet');
  });

  test('that we make by holding the model back is not the model’s; it counts anew when the model may go on', async () => {
    const { engine, actor, clock } = start();
    engine.say('One');
    await settle();
    pass(clock, 100);
    actor.send({ type: 'backlog.filled' });
    pass(clock, 10_000);
    expect(typesOf(actor)).toEqual(['answer.textReceived']);
    actor.send({ type: 'backlog.drained' });
    pass(clock, 199);
    expect(typesOf(actor)).toEqual(['answer.textReceived']);
    pass(clock, 1);
    expect(actor.heard.slice(1)).toEqual([{ type: 'answer.fellQuiet', atMs: 10_300, quietMs: 200 }]);
  });

  test('before the first word, after the end and after a stop is nothing to tell', async () => {
    const before = start();
    pass(before.clock, 10_000);
    expect(before.actor.heard).toEqual([]);

    before.engine.say('One.');
    before.engine.last.end();
    await settle();
    pass(before.clock, 10_000);
    expect(typesOf(before.actor)).toEqual(['answer.textReceived', 'answer.finished']);

    const stopped = start();
    stopped.engine.say('One.');
    await settle();
    stopped.actor.stop();
    pass(stopped.clock, 10_000);
    expect(typesOf(stopped.actor)).toEqual(['answer.textReceived']);
    expect(vi.getTimerCount()).toBe(0);
  });
});
