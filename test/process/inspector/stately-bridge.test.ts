/** examples/stately/bridge.mjs: what a server exports arrives at its page, and at no page of somebody else's. */
import { describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { eventually } from '../../support/eventually.ts';
import { startBridge } from '../../support/stately-bridge.ts';

const tool = 'http://tool.example/inspect?a="b"';

interface Connected {
  readonly socket: WebSocket;
  readonly received: readonly { readonly type: string; readonly sessionId: string }[];
}

/** Rejects where the bridge refuses it. */
function open(url: string, headers: Readonly<Record<string, string>> = {}): Promise<Connected> {
  const socket = new WebSocket(url, { headers });
  const received: Connected['received'][number][] = [];
  socket.on('message', (data) => received.push(JSON.parse(String(data))));
  return new Promise((resolve, reject) => {
    socket.once('open', () => resolve({ socket, received }));
    socket.once('error', reject);
  });
}

const actor = (sessionId: string) => ({ type: '@xstate.actor', sessionId, snapshot: { status: 'active', value: 'a' } });
const snapshot = (sessionId: string, status: string, value: string) => ({
  type: '@xstate.snapshot',
  sessionId,
  snapshot: { status, value },
});

describe('the bridge', () => {
  test('gives its page what a server tells, and a page that comes later who is alive', async () => {
    const authority = await startBridge(tool);
    const page = await (await fetch(`http://${authority}/`)).text();
    expect(page).toContain('<iframe id="tool" src="http://tool.example/inspect?a=%22b%22"></iframe>');
    const server = await open(`ws://${authority}/`);
    const first = await open(`ws://${authority}/`, { origin: `http://${authority}` });
    const said = [actor('one'), actor('two'), snapshot('one', 'active', 'b'), snapshot('two', 'done', 'c'), 'no JSON'];
    for (const each of said) server.socket.send(typeof each === 'string' ? each : JSON.stringify(each));
    await eventually(
      () => first.received,
      ({ length }) => length === 4,
    );
    expect(first.received).toEqual(said.slice(0, 4));
    const late = await open(`ws://${authority}/`, { origin: `http://${authority}` });
    await eventually(
      () => late.received,
      ({ length }) => length > 0,
    );
    expect(late.received).toEqual([{ ...actor('one'), snapshot: { status: 'active', value: 'b' } }]);
    expect(server.received).toEqual([]);
  });

  test('refuses pages of others, and other names than its own', async () => {
    const authority = await startBridge(tool);
    for (const headers of [
      { origin: 'http://evil.example' },
      { origin: 'null' },
      { host: 'evil.example', origin: 'http://evil.example' },
    ]) {
      await expect(open(`ws://${authority}/`, headers)).rejects.toThrow('401');
    }
  });
});
