/** Guarantees of the bootstrap chart: one way up, the emergency profile loudly, one way down, and an exit code that is true. */
import { describe, expect, test } from 'vitest';
import { type BootstrapInput, bootstrapMachine } from '../../../src/machines/bootstrap.machine.ts';
import { PureRun } from '../../support/machines/pure-run.ts';

type BootstrapRun = PureRun<typeof bootstrapMachine>;

function start(overrides: Partial<BootstrapInput> = {}): BootstrapRun {
  return new PureRun(bootstrapMachine, { forceEmergency: false, gracePeriodMs: 30_000, ...overrides });
}

const done = (actor: string) => ({ type: `xstate.done.actor.${actor}` });
const failed = (actor: string, message = 'no luck') => ({
  type: `xstate.error.actor.${actor}`,
  error: new Error(message),
});
const enginesAs = (profile: string) => ({ started: 'engines', input: { profile } });

/** A server that is ready with the engines that were configured. */
function ready(): BootstrapRun {
  const run = start();
  run.sendInternal(done('servers'));
  run.sendInternal(done('engines'));
  return run;
}

describe('the way up', () => {
  test('binds the servers first, then the configured engines, and says ready once', () => {
    const run = start();
    expect(run.initial.value).toEqual({ starting: 'bindingServers' });
    expect(run.initial.effects).toEqual([{ started: 'servers' }]);
    expect(run.sendInternal(done('servers'))).toEqual({
      value: { starting: 'startingEngines' },
      effects: [{ stopped: 'servers' }, enginesAs('configured')],
      changed: {},
    });
    expect(run.sendInternal(done('engines'))).toEqual({
      value: { ready: 'ok' },
      effects: [{ stopped: 'engines' }, { said: { type: 'service.ready' } }],
      changed: {},
    });
    expect(run.context.lastError).toBeNull();
    expect(run.timers()).toEqual({});
  });

  test('falls back to the emergency profile when the configured engines fail, loudly', () => {
    const run = start();
    run.sendInternal(done('servers'));
    expect(run.sendInternal(failed('engines', 'no key'))).toEqual({
      value: { starting: 'startingEmergencyEngines' },
      effects: [{ stopped: 'engines' }, enginesAs('emergency')],
      changed: { lastError: 'configured engines did not start: no key' },
    });
    expect(run.sendInternal(done('engines'))).toEqual({
      value: { ready: 'degraded' },
      effects: [
        { stopped: 'engines' },
        { said: { type: 'service.ready' } },
        { said: { type: 'service.degraded', reason: 'configured engines did not start: no key' } },
      ],
      changed: {},
    });
  });

  test('falls back as well when the configured engines hang', () => {
    const run = start();
    run.sendInternal(done('servers'));
    run.advance(60_000);
    expect(run.value).toEqual({ starting: 'startingEmergencyEngines' });
    expect(run.context.lastError).toBe('configured engines did not start: no answer within 60s');
  });

  test('goes straight to the emergency profile by the kill switch', () => {
    const run = start({ forceEmergency: true });
    expect(run.sendInternal(done('servers'))).toEqual({
      value: { starting: 'startingEmergencyEngines' },
      effects: [{ stopped: 'servers' }, enginesAs('emergency')],
      changed: { lastError: 'KILL_SWITCHES=disable_module_coordinator: the embedded engines are in use' },
    });
    expect(run.sendInternal(done('engines')).value).toEqual({ ready: 'degraded' });
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
      name: 'configured and embedded engines fail',
      run: () => {
        const run = start();
        run.sendInternal(done('servers'));
        run.sendInternal(failed('engines', 'no key'));
        run.sendInternal(failed('engines', 'no voice'));
        return run;
      },
      reason: 'embedded engines did not start: no voice',
    },
    {
      name: 'configured and embedded engines hang',
      run: () => {
        const run = start();
        run.sendInternal(done('servers'));
        run.advance(60_000);
        run.advance(60_000);
        return run;
      },
      reason: 'embedded engines did not start: no answer within 60s',
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
      run: () => {
        const run = start();
        run.sendInternal(done('servers'));
        return run;
      },
    },
    {
      name: 'starting emergency engines',
      run: () => {
        const run = start({ forceEmergency: true });
        run.sendInternal(done('servers'));
        return run;
      },
    },
    { name: 'ready', run: ready },
    {
      name: 'degraded',
      run: () => {
        const run = start({ forceEmergency: true });
        run.sendInternal(done('servers'));
        run.sendInternal(done('engines'));
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
