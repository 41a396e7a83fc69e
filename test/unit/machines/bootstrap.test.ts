/** Guarantees of the bootstrap chart: one way up, an engine replaced loudly and alone, one way down, and an exit code that is true. */
import { describe, expect, test } from 'vitest';
import { type BootstrapInput, bootstrapMachine } from '../../../src/machines/bootstrap.machine.ts';
import { PureRun } from '../../support/machines/pure-run.ts';

type BootstrapRun = PureRun<typeof bootstrapMachine>;

function start(overrides: Partial<BootstrapInput> = {}): BootstrapRun {
  return new PureRun(bootstrapMachine, {
    forceEmergency: false,
    gracePeriodMs: 30_000,
    startFailure: 'emergency',
    engines: { answer: 'openai', speech: 'command' },
    ...overrides,
  });
}

const done = (actor: string) => ({ type: `xstate.done.actor.${actor}` });
const failed = (actor: string, message = 'no luck') => ({
  type: `xstate.error.actor.${actor}`,
  error: new Error(message),
});
const engineAs = (part: string, profile: string) => ({ started: part, input: { part, profile } });
const engines = (answer: string, speech: string) => ({ starting: { startingEngines: { answer, speech } } });

/** A server whose ports are bound. */
function bound(overrides: Partial<BootstrapInput> = {}): BootstrapRun {
  const run = start(overrides);
  run.sendInternal(done('servers'));
  return run;
}

/** A server that is ready with the engines that were configured. */
function ready(): BootstrapRun {
  const run = bound();
  run.sendInternal(done('answer'));
  run.sendInternal(done('speech'));
  return run;
}

describe('the way up', () => {
  test('binds the servers first, then both configured engines side by side, and says ready once', () => {
    const run = start();
    expect(run.initial.value).toEqual({ starting: 'bindingServers' });
    expect(run.initial.effects).toEqual([{ started: 'servers' }]);
    expect(run.sendInternal(done('servers'))).toEqual({
      value: engines('startingConfigured', 'startingConfigured'),
      effects: [{ stopped: 'servers' }, engineAs('answer', 'configured'), engineAs('speech', 'configured')],
      changed: {},
    });
    expect(run.sendInternal(done('speech')).value).toEqual(engines('startingConfigured', 'up'));
    expect(run.sendInternal(done('answer'))).toEqual({
      value: { ready: 'ok' },
      effects: [{ stopped: 'answer' }, { said: { type: 'service.ready' } }],
      changed: {},
    });
    expect(run.context).toMatchObject({ lastError: null, replaced: {} });
    expect(run.timers()).toEqual({});
  });

  test.each([
    ['answer', 'speech', 'answer engine "openai"'],
    ['speech', 'answer', 'speech engine "command"'],
  ] as const)('replaces the %s engine alone when it fails, loudly', (part, other, title) => {
    const run = bound();
    const { effects, changed } = run.sendInternal(failed(part, 'no key'));
    expect(effects).toEqual([{ stopped: part }, engineAs(part, 'embedded')]);
    expect(changed).toEqual({
      replaced: { [part]: 'no key' },
      lastError: `${title} did not start, the embedded one is in its place: no key`,
    });
    run.sendInternal(done(other));
    expect(run.sendInternal(done(part))).toEqual({
      value: { ready: 'degraded' },
      effects: [
        { stopped: part },
        { said: { type: 'service.ready' } },
        { said: { type: 'service.degraded', replaced: { [part]: 'no key' } } },
      ],
      changed: {},
    });
  });

  test('replaces both when both fail, each for its own reason', () => {
    const run = bound();
    run.sendInternal(failed('speech', 'no program'));
    run.sendInternal(failed('answer', 'no module'));
    run.sendInternal(done('answer'));
    expect(run.sendInternal(done('speech')).value).toEqual({ ready: 'degraded' });
    expect(run.context.replaced).toEqual({ answer: 'no module', speech: 'no program' });
  });

  test('replaces one that hangs', () => {
    const run = bound();
    run.sendInternal(done('answer'));
    run.advance(60_000);
    expect(run.value).toEqual(engines('up', 'startingEmbedded'));
    expect(run.context.replaced).toEqual({ speech: 'no answer within 60s' });
  });

  test('goes straight to the embedded engines by the kill switch, whatever START_FAILURE says', () => {
    const run = start({ forceEmergency: true, startFailure: 'fail' });
    const reason = 'KILL_SWITCHES=disable_module_coordinator';
    expect(run.sendInternal(done('servers'))).toEqual({
      value: engines('startingEmbedded', 'startingEmbedded'),
      effects: [{ stopped: 'servers' }, engineAs('answer', 'embedded'), engineAs('speech', 'embedded')],
      changed: {
        replaced: { answer: reason, speech: reason },
        lastError: `${reason}: the embedded engines are in use`,
      },
    });
    run.sendInternal(done('answer'));
    expect(run.sendInternal(done('speech')).value).toEqual({ ready: 'degraded' });
  });
});

describe('a server that can not start', () => {
  const situations: readonly { readonly name: string; readonly run: () => BootstrapRun; readonly reason: string }[] = [
    {
      name: 'its servers fail',
      run: () => {
        const run = start();
        run.sendInternal(failed('servers', 'port in use'));
        return run;
      },
      reason: 'servers did not start: port in use',
    },
    {
      name: 'its servers hang',
      run: () => {
        const run = start();
        run.advance(60_000);
        return run;
      },
      reason: 'servers did not start: no answer within 60s',
    },
    {
      name: 'a configured engine and the embedded one in its place fail',
      run: () => {
        const run = bound();
        run.sendInternal(failed('speech', 'no key'));
        run.sendInternal(failed('speech', 'no voice'));
        return run;
      },
      reason: 'speech engine "embedded" did not start: no voice',
    },
    {
      name: 'configured and embedded engines hang',
      run: () => {
        const run = bound();
        run.sendInternal(done('answer'));
        run.advance(60_000);
        run.advance(60_000);
        return run;
      },
      reason: 'speech engine "embedded" did not start: no answer within 60s',
    },
    {
      name: 'the embedded engine is the configured one and fails',
      run: () => {
        const run = bound({ engines: { answer: 'openai', speech: 'embedded' } });
        run.sendInternal(failed('speech', 'no voice'));
        return run;
      },
      reason: 'speech engine "embedded" did not start: no voice',
    },
    {
      name: 'a configured engine fails under START_FAILURE=fail',
      run: () => {
        const run = bound({ startFailure: 'fail' });
        run.sendInternal(failed('answer', 'no key'));
        return run;
      },
      reason: 'answer engine "openai" did not start: no key',
    },
    {
      name: 'a configured engine hangs under START_FAILURE=fail',
      run: () => {
        const run = bound({ startFailure: 'fail' });
        run.sendInternal(done('answer'));
        run.advance(60_000);
        return run;
      },
      reason: 'speech engine "command" did not start: no answer within 60s',
    },
    {
      name: 'an embedded engine fails that the kill switch forced',
      run: () => {
        const run = bound({ forceEmergency: true });
        run.sendInternal(failed('speech', 'no voice'));
        return run;
      },
      reason: 'speech engine "embedded" did not start: no voice',
    },
  ];

  test.each(situations)(
    'because $name: takes down what is up and ends with exit code 1',
    ({ run: makeRun, reason }) => {
      const run = makeRun();
      expect(run.value).toBe('failing');
      expect(run.context.lastError).toBe(reason);
      const ended = run.sendInternal(done('stop'));
      expect(ended).toEqual({ value: 'failed', effects: [{ stopped: 'stop' }], changed: {} });
      expect(run.output).toEqual({ exitCode: 1 });
    },
  );

  test('says why, and never that it is ready', () => {
    const run = start();
    const failing = run.sendInternal(failed('servers', 'port in use'));
    expect(failing.effects).toEqual([
      { stopped: 'servers' },
      { said: { type: 'service.failed', reason: 'servers did not start: port in use' } },
      { started: 'stop' },
    ]);
  });

  test.each([
    ['fails', (run: BootstrapRun) => run.sendInternal(failed('stop'))],
    ['hangs', (run: BootstrapRun) => run.advance(5_000)],
  ])('ends with exit code 1 also when taking down %s', (_how, end) => {
    const run = start();
    run.sendInternal(failed('servers'));
    end(run);
    expect(run.output).toEqual({ exitCode: 1 });
  });

  test('ends with exit code 1 also when it is asked to shut down meanwhile', () => {
    const run = start();
    run.sendInternal(failed('servers'));
    expect(run.send({ type: 'shutdown.requested' })).toEqual({ value: 'failing', effects: [], changed: {} });
    run.sendInternal(done('stop'));
    expect(run.output).toEqual({ exitCode: 1 });
  });
});

describe('the way down', () => {
  const live: readonly { readonly name: string; readonly run: () => BootstrapRun }[] = [
    { name: 'binding servers', run: () => start() },
    {
      name: 'starting engines',
      run: bound,
    },
    {
      name: 'starting embedded engines in the place of others',
      run: () => bound({ forceEmergency: true }),
    },
    { name: 'ready', run: ready },
    {
      name: 'degraded',
      run: () => {
        const run = bound({ forceEmergency: true });
        run.sendInternal(done('answer'));
        run.sendInternal(done('speech'));
        return run;
      },
    },
  ];

  test.each(live)('from $name: drains, stops, and ends with exit code 0', ({ run: makeRun }) => {
    const run = makeRun();
    const drain = run.send({ type: 'shutdown.requested' });
    expect(drain.value).toBe('draining');
    expect(drain.effects.slice(-2)).toEqual([{ said: { type: 'service.drainStarted' } }, { started: 'drain' }]);
    expect(run.sendInternal(done('drain'))).toEqual({
      value: 'stopping',
      effects: [{ stopped: 'drain' }, { started: 'stop' }],
      changed: {},
    });
    expect(run.sendInternal(done('stop'))).toEqual({
      value: 'stopped',
      effects: [{ stopped: 'stop' }, { said: { type: 'service.stopped' } }],
      changed: {},
    });
    expect(run.output).toEqual({ exitCode: 0 });
  });

  test('is not held up by a drain that fails or hangs, nor by a stop that does', () => {
    const failing = ready();
    failing.send({ type: 'shutdown.requested' });
    failing.sendInternal(failed('drain'));
    failing.sendInternal(failed('stop'));
    expect(failing.output).toEqual({ exitCode: 0 });

    const hanging = ready();
    hanging.send({ type: 'shutdown.requested' });
    expect(hanging.advance(34_999).value).not.toBe('stopping');
    expect(hanging.advance(1).value).toBe('stopping');
    expect(hanging.advance(5_000).value).toBe('stopped');
    expect(hanging.output).toEqual({ exitCode: 0 });
  });

  test('is gone once, however often it is asked for', () => {
    const run = ready();
    run.send({ type: 'shutdown.requested' });
    expect(run.send({ type: 'shutdown.requested' })).toEqual({ value: 'draining', effects: [], changed: {} });
    run.sendInternal(done('drain'));
    expect(run.send({ type: 'shutdown.requested' })).toEqual({ value: 'stopping', effects: [], changed: {} });
  });
});
