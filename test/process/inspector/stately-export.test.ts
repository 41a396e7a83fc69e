/** INSPECTOR_EXPORT: what arrives at Stately's tools of the lines of logs, whoever listens there or does not. */
import type { StatelyInspectionEvent } from '@statelyai/inspect';
import { describe, expect, test } from 'vitest';
import { createMachine } from 'xstate';
import { z } from 'zod';
import { MAX_BUFFERED_BYTES } from '../../../src/inspector/stately/export-socket.ts';
import { StatelyExport } from '../../../src/inspector/stately/stately-export.ts';
import { sessionMachine } from '../../../src/machines/session/session.machine.ts';
import { supervisorMachine } from '../../../src/machines/supervisor/supervisor.machine.ts';
import { createLogger } from '../../../src/observe/logger.ts';
import { connect, start } from '../../support/client.ts';
import { atEndOfFile } from '../../support/end-of-file.ts';
import { eventually } from '../../support/eventually.ts';
import { goodEvents, madeLog } from '../../support/replay/made-log.ts';
import { startServer } from '../../support/server.ts';
import { Journal } from '../../support/test-server.ts';
import { receiveFrom, startDeafServer, startRelay } from './stately-relay.ts';

const common = {
  sessionId: z.string().min(1),
  rootId: z.string().min(1),
  id: z.string().min(1),
  createdAt: z.string().regex(/^\d{13}$/),
  _version: z.literal('0.7.2'),
};
const event = z.looseObject({ type: z.string() });
const snapshot = z.object({
  status: z.enum(['active', 'done', 'error', 'stopped']),
  value: z.union([z.string(), z.record(z.string(), z.unknown())]),
  context: z.record(z.string(), z.unknown()),
});
/** The messages of the protocol, as the package declares them. */
const message = z.discriminatedUnion('type', [
  z.strictObject({
    type: z.literal('@xstate.actor'),
    ...common,
    name: z.string(),
    parentId: z.string().optional(),
    definition: z.string(),
    snapshot,
  }),
  z.strictObject({ type: z.literal('@xstate.event'), ...common, event }),
  z.strictObject({ type: z.literal('@xstate.snapshot'), ...common, event, snapshot }),
]);

function createExport(url: string) {
  const journal = new Journal();
  const log = createLogger('debug', { write: (text) => journal.take(text) });
  const machines = [sessionMachine, supervisorMachine];
  const tap = new StatelyExport({ url, log, machines, supervisorId: 'supervisor', run: 'run-1' });
  atEndOfFile(() => tap.stop());
  tap.start();
  const decisions = () => journal.lines.map(({ decision }) => decision);
  return { tap, journal, decisions };
}

/** Tells `tap` the lines of a session from `from` to before `to`. */
function tell(tap: StatelyExport, id: string, from = 0, to = Number.POSITIVE_INFINITY): void {
  const lines = madeLog({ events: goodEvents, sessionId: id })
    .split(/(?<=\n)/)
    .slice(from, to);
  tap.linesMade({ actorId: id, text: lines.join(''), from, count: lines.length });
}

const isConnected = ({ isConnected: is }: { readonly isConnected: boolean }) => is;
const turns = goodEvents.length + 1;
/** An introduction, and each turn's event and snapshot. */
const messagesOfSession = 1 + 2 * turns;

describe('the exporter', () => {
  test('every message arrives at the package own receiver, whole and in order', async () => {
    const relay = await startRelay();
    const received = receiveFrom(relay);
    const { tap } = createExport(relay.url);
    await eventually(
      () => [tap.counts.isConnected, relay.clients],
      ([is, clients]) => is === true && clients === 2,
    );
    for (const id of ['one', 'two']) tell(tap, id);
    await eventually(
      () => received,
      ({ length }) => length === 2 * messagesOfSession,
    );
    for (const each of received) message.parse(each);
    for (const id of ['one', 'two']) {
      const [actor, ...rest] = received.filter(({ sessionId }) => sessionId === id);
      expect(actor).toMatchObject({ type: '@xstate.actor', name: `session ${id}`, parentId: 'supervisor run-1' });
      expect(rest.map(({ type }) => type)).toEqual(
        Array.from({ length: turns }, () => ['@xstate.event', '@xstate.snapshot']).flat(),
      );
      expect(rest.at(-1)).toMatchObject({ snapshot: { status: 'done', value: 'done' } });
    }
    const definition = received.find(({ type }) => type === '@xstate.actor');
    expect(
      createMachine(JSON.parse(definition?.type === '@xstate.actor' ? (definition.definition ?? '') : '')).id,
    ).toBe('session');
    expect(tap.counts).toEqual({ isConnected: true, sent: 2 * messagesOfSession, dropped: 0 });
  });

  test('a crowd that is told of at once goes out whole, beyond what may wait for a reader', async () => {
    const relay = await startRelay();
    const received = receiveFrom(relay);
    const { tap } = createExport(relay.url);
    await eventually(
      () => [tap.counts.isConnected, relay.clients],
      ([is, clients]) => is === true && clients === 2,
    );
    let crowd = 0;
    for (let bytes = 0; bytes < 1.2 * MAX_BUFFERED_BYTES; crowd += 1) {
      tell(tap, `session-${crowd}`);
      // An introduction alone has the chart, of 11 KB.
      bytes += 15_000;
    }
    expect(tap.counts).toEqual({ isConnected: true, sent: crowd * messagesOfSession, dropped: 0 });
    await eventually(
      () => received,
      ({ length }) => length === crowd * messagesOfSession,
    );
    const order = received.filter(({ sessionId }) => sessionId === `session-${crowd - 1}`).map(({ id }) => id);
    const told = Array.from({ length: turns }, (_, turn) => [String(turn), String(turn)]).flat();
    expect(order).toEqual(['actor', ...told].map((name) => `session-${crowd - 1}/${name}`));
  });

  test('a tool that comes later is introduced to who is alive when something happens to it, the supervisor first', async () => {
    const relay = await startRelay();
    const { tap, decisions } = createExport(relay.url);
    await eventually(() => tap.counts, isConnected);
    const header = { kind: 'header', machine: 'supervisor', startedAt: '2026-11-22T10:00:00.000Z', input: {} };
    const init = { kind: 'turn', turn: 0, atMs: 0, event: { type: 'xstate.init' }, state: 'closed' };
    const text = `${JSON.stringify(header)}\n${JSON.stringify(init)}\n`;
    tap.linesMade({ actorId: 'supervisor', text, from: 0, count: 2 });
    tell(tap, 'one', 0, 3);
    relay.cut();
    await eventually(
      () => tap.counts,
      ({ isConnected: is }) => !is,
    );
    tell(tap, 'one', 3, 4);
    await eventually(() => tap.counts, isConnected);
    const received = receiveFrom(relay);
    await eventually(
      () => relay.clients,
      (clients) => clients === 2,
    );
    tell(tap, 'one', 4, 5);
    await eventually(
      () => received,
      ({ length }) => length === 4,
    );
    expect(received.map(({ type, sessionId }) => [type, sessionId])).toEqual([
      ['@xstate.actor', 'supervisor run-1'],
      ['@xstate.actor', 'one'],
      ['@xstate.event', 'one'],
      ['@xstate.snapshot', 'one'],
    ]);
    expect(decisions()).toEqual(['export_connected', 'export_unreachable', 'export_connected']);
  });

  test('where nobody listens it says so once, tries again, and is there when somebody does', async () => {
    const closed = await startRelay();
    await closed.close();
    const { tap, journal, decisions } = createExport(closed.url);
    tell(tap, 'one', 0, 3);
    await eventually(decisions, ({ length }) => length === 1);
    expect(journal.lines[0]).toMatchObject({
      level: 40,
      decision: 'export_unreachable',
      ctx: { url: closed.url, why: expect.stringContaining('ECONNREFUSED'), dropped_messages: 0 },
    });
    const relay = await startRelay(closed.port);
    const received = receiveFrom(relay);
    await eventually(
      () => relay.clients,
      (clients) => clients === 2,
    );
    await eventually(() => tap.counts, isConnected);
    tell(tap, 'one', 3);
    await eventually(
      () => received,
      ({ length }) => length > 2 * (turns - 2),
    );
    expect(received[0]).toMatchObject({ type: '@xstate.actor', sessionId: 'one' });
    expect(decisions()).toEqual(['export_unreachable', 'export_connected']);
  });

  test('a reader that never reads costs no more than its bound: whole messages are dropped, and one line says so', async () => {
    const deaf = await startDeafServer();
    const { tap, journal, decisions } = createExport(deaf.url);
    await eventually(() => tap.counts, isConnected);
    for (let id = 0; tap.counts.dropped < 1_000; id += 1) {
      tell(tap, `session-${id}`);
      if (id % 50 === 0) await new Promise(setImmediate);
      if (id === 20_000) throw new Error(`nothing was dropped of ${tap.counts.sent} messages`);
    }
    expect(decisions()).toEqual(['export_connected', 'export_behind']);
    expect(journal.lines[1]?.ctx).toMatchObject({ max_bytes: MAX_BUFFERED_BYTES });
    expect(Number(journal.lines[1]?.ctx?.buffered_bytes)).toBeLessThanOrEqual(MAX_BUFFERED_BYTES);
  });

  test.each([['http'], ['a mere port']])('what answers with no WebSocket (%s) is nobody', async (kind) => {
    const { createServer } = await import('node:http');
    const server = createServer((_request, response) => response.end('hello'));
    if (kind !== 'http') server.on('connection', (socket) => socket.end('hello\n'));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    atEndOfFile(() => server.close());
    const address = server.address();
    const port = typeof address === 'object' ? address?.port : 0;
    const { tap, decisions } = createExport(`ws://127.0.0.1:${port}`);
    await eventually(decisions, ({ length }) => length > 0);
    tell(tap, 'one');
    expect(decisions()).toEqual(['export_unreachable']);
    expect(tap.counts).toEqual({ isConnected: false, sent: 0, dropped: 0 });
  });

  test('what accepts and says nothing is given up, and called again', async () => {
    const { createServer } = await import('node:net');
    let calls = 0;
    const server = createServer((socket) => {
      calls += 1;
      socket.on('error', () => {});
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    atEndOfFile(() => server.close());
    const address = server.address();
    const { tap, journal } = createExport(`ws://127.0.0.1:${typeof address === 'object' ? address?.port : 0}`);
    await eventually(
      () => calls,
      (count) => count > 1,
    );
    expect(journal.lines.map(({ decision }) => decision)).toEqual(['export_unreachable']);
    expect(journal.lines[0]?.ctx).toMatchObject({ why: 'Opening handshake has timed out' });
    tap.stop();
  });

  test('once stopped nothing is sent, and no connection is made', async () => {
    const relay = await startRelay();
    const { tap, decisions } = createExport(relay.url);
    await eventually(() => tap.counts, isConnected);
    tap.stop();
    tell(tap, 'one');
    await eventually(
      () => relay.clients,
      (clients) => clients === 0,
    );
    expect(tap.counts).toEqual({ isConnected: false, sent: 0, dropped: 0 });
    expect(decisions()).toEqual(['export_connected']);
  });
});

describe('a server with INSPECTOR_EXPORT', () => {
  test('tells of its supervisor and its sessions, to their end, and counts it on /status', async () => {
    const relay = await startRelay();
    const received = receiveFrom(relay);
    const server = await startServer({ env: { INSPECTOR_EXPORT: relay.url } });
    await eventually(
      () => relay.clients,
      (clients) => clients === 2,
    );
    const client = connect(server.grpcPort);
    const { sessionId } = await start(client, { prompt: 'Hello.' }).outcome;
    client.close();
    const done = (name: string) =>
      received.some((each) => each.type === '@xstate.snapshot' && each.sessionId === name && statusOf(each) === 'done');
    const session = await eventually(
      () => received.find((each) => each.type === '@xstate.actor' && each.name === `session ${sessionId}`),
      (each) => each !== undefined && done(each.sessionId),
    );
    for (const each of received) message.parse(each);
    const supervisor = received.find((each) => each.type === '@xstate.actor' && each.name === 'supervisor');
    expect(session).toMatchObject({ rootId: supervisor?.sessionId, parentId: supervisor?.sessionId });
    const introduced = received.flatMap((each) => (each.type === '@xstate.actor' ? [each.name] : []));
    expect(introduced).toEqual(['supervisor', `session ${sessionId}`]);
    const { inspector_export: exported } = await server.status();
    expect(exported).toEqual({ connected: true, sent: expect.any(Number), dropped: 0 });
    expect(await server.stop()).toBe(0);
    await eventually(
      () => relay.clients,
      (clients) => clients === 1,
    );
  });

  test('that nobody listens to serves, and stops, as without', async () => {
    const closed = await startRelay();
    await closed.close();
    const server = await startServer({ env: { INSPECTOR_EXPORT: closed.url } });
    const client = connect(server.grpcPort);
    expect((await start(client, { prompt: 'Hello.' }).outcome).code).toBe('OK');
    client.close();
    expect(await server.status()).toMatchObject({ health: 'ok', inspector_export: { connected: false, sent: 0 } });
    expect(await server.stop()).toBe(0);
  });
});

function statusOf({ snapshot: { status } }: Extract<StatelyInspectionEvent, { type: '@xstate.snapshot' }>): string {
  return status;
}
