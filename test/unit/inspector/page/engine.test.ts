/** The page's side of its worker, with a port in hand: what it orders, and what it takes of what comes back. */
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { Order, Report } from '../../../../src/inspector/debugger/messages.ts';
import type { LogOverview } from '../../../../src/inspector/debugger/views.ts';
import { startEngine } from '../../../../src/inspector/page/engine.ts';
import { selectLog, store } from '../../../../src/inspector/page/store.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

const overviewOf = (id: string): LogOverview => ({
  id,
  title: id,
  header: null,
  isLive: true,
  reason: '',
  turns: 500,
  lines: 501,
  lastMs: 1,
  state: 'done',
  verdict: { kind: 'identical', turns: 500, isWhole: false },
  definitionChanges: [],
  missingLines: 0,
  isReading: false,
});

test('a word of a log that is watched no longer, still on its way, does not bring it back', () => {
  const orders: Order[] = [];
  const port: Parameters<typeof startEngine>[0] = { postMessage: (order) => orders.push(order), onmessage: null };
  startEngine(port);
  const say = (data: Report) => port.onmessage?.(new MessageEvent('message', { data }));
  const choose = (id: string) => {
    selectLog(id);
    vi.advanceTimersByTime(1_000);
    expect(orders.at(-1)).toEqual({ kind: 'watch', logs: [id] });
  };
  choose('a');
  say({ kind: 'log', overview: overviewOf('a') });
  expect(store.overview.value?.turns).toBe(500);
  choose('b');
  expect([...store.overviews.value.keys()]).toEqual([]);
  say({ kind: 'log', overview: overviewOf('a') });
  say({ kind: 'log', overview: overviewOf('b') });
  expect([...store.overviews.value.keys()]).toEqual(['b']);
  // Who comes back waits for its first lines, and asks for no turn that the worker has not read again.
  choose('a');
  expect(store.overview.value).toBeNull();
});
