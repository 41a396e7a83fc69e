/**
 * What a request comes out as after its check: a COLLECT as a chunk, a COMMIT as the whole utterance with what was collected. Without a
 * wire: what the model sees of a screen can't be seen from outside.
 */
import fc from 'fast-check';
import { describe, expect, test, vi } from 'vitest';
import { UtteranceCollector } from '../../../src/actors/hosts/utterance-collector.ts';
import type { CollectedUtterance, Screenshot } from '../../../src/call/gateway.ts';
import { loadConfig } from '../../../src/config.ts';
import { collectMachine } from '../../../src/machines/collect.machine.ts';
import type { StreamRequest__Output } from '../../../src/rpc/generated/streaming/StreamRequest.ts';
import { type CheckedRequest, checkStreamRequest, type RequestCheck } from '../../../src/rpc/stream-request.ts';
import { runs } from '../../support/runs.ts';

const config = loadConfig({
  env: {},
  readFile: () => {
    throw new Error('no file is read');
  },
});
const png = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';
const ids = { streamId: 'call-1', sessionId: 'session-1', hardwareId: 'device-1' };
const collectedScreenshot: Screenshot = {
  bytes: new Uint8Array(3),
  mediaType: 'image/jpeg',
  widthPixels: 8,
  heightPixels: 6,
};

const surroundings: Omit<RequestCheck, 'collected'> = {
  config,
  refusalOf: () => null,
  requestBytes: 100,
  streamId: 'call-1',
};

function check(
  given: Partial<StreamRequest__Output>,
  collected: CollectedUtterance | null = null,
): ReturnType<typeof checkStreamRequest> {
  const request: StreamRequest__Output = {
    prompt: '',
    hardware_id: 'device-1',
    session_id: 'session-1',
    phase: 2,
    chunk_seq: 0,
    ...given,
  };
  return checkStreamRequest({ ...surroundings, collected: () => collected }, request);
}

describe('a COLLECT', () => {
  test('is a chunk with what it tells and nothing else', () => {
    expect(check({ phase: 1, chunk_seq: 7, prompt: 'no chunk' })).toEqual({
      kind: 'collect',
      chunk: { ...ids, sequence: 7 },
    });
    const empty = { chunk_text: '', screenshot: '', screen_width: 0, screen_height: 0 };
    expect(check({ phase: 1, ...empty })).toEqual({ kind: 'collect', chunk: { ...ids, sequence: 0 } });
    const full = { chunk_text: ' is', screenshot: png, screen_width: 1920, screen_height: 1080 };
    expect(check({ phase: 1, ...full })).toEqual({
      kind: 'collect',
      chunk: {
        ...ids,
        sequence: 0,
        text: ' is',
        screenWidth: 1920,
        screenHeight: 1080,
        screenshot: expect.objectContaining({ mediaType: 'image/png', widthPixels: 1, heightPixels: 1 }),
      },
    });
  });
});

describe('a COMMIT', () => {
  const collected: CollectedUtterance = {
    text: 'What is',
    screenshot: collectedScreenshot,
    screenWidth: 800,
    screenHeight: 600,
  };

  test('without anything of its own is what was collected', () => {
    const { text: prompt, ...screen } = collected;
    expect(check({}, collected)).toEqual({ kind: 'commit', request: { ...ids, prompt, ...screen } });
  });

  test('with a screen of its own shows that, each part by itself', () => {
    const own = { prompt: ' it?', screenshot: png, screen_width: 1920, screen_height: 0 };
    expect(check(own, collected)).toEqual({
      kind: 'commit',
      request: {
        ...ids,
        prompt: 'What is it?',
        screenshot: expect.objectContaining({ mediaType: 'image/png' }),
        screenWidth: 1920,
        screenHeight: 600,
      },
    });
    expect(check({ prompt: 'Only words', screenshot: '' }, collected)).toMatchObject({
      request: { prompt: 'Only words', screenshot: collectedScreenshot },
    });
  });

  test('without a buffer is its own words alone', () => {
    expect(check({ prompt: 'What?', screen_width: 0 })).toEqual({
      kind: 'commit',
      request: { ...ids, prompt: 'What?' },
    });
  });
});

test('a device that collects and commits is asked for exactly what it said last, whatever comes in what order', () => {
  const words = fc.constantFrom('', 'What', 'What is', ' the', ' time', '\n', 'Другое');
  const step = fc.oneof(
    {
      weight: 5,
      arbitrary: fc.record({ phase: fc.constant(1 as const), chunk_seq: fc.integer({ min: -2, max: 5 }), words }),
    },
    {
      weight: 2,
      arbitrary: fc.record({ phase: fc.constantFrom(0 as const, 2 as const), words, isAdmitted: fc.boolean() }),
    },
    { weight: 1, arbitrary: fc.constant({ phase: 'expired' as const }) },
  );
  vi.useFakeTimers();
  const log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {}, announce: () => {} };
  fc.assert(
    fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
      const reportFault = vi.fn();
      const collector = new UtteranceCollector({ machine: collectMachine, limits: config.collect, log, reportFault });
      const ask = (given: Partial<StreamRequest__Output>): CheckedRequest | null => {
        const request = { prompt: '', hardware_id: 'd', session_id: 's', phase: 0 as const, chunk_seq: 0, ...given };
        const collected = (key: { hardwareId: string; sessionId: string }) => collector.collected(key);
        const checked = checkStreamRequest({ ...surroundings, collected }, request);
        return 'failure' in checked ? null : checked;
      };
      let said = '';
      let last = Number.NEGATIVE_INFINITY;
      for (const each of steps) {
        if (each.phase === 'expired') {
          vi.advanceTimersByTime(config.collect.ttlMs);
          [said, last] = ['', Number.NEGATIVE_INFINITY];
          continue;
        }
        const isTail = /^\s/.test(each.words);
        const whole = isTail ? said + each.words : each.words || said;
        if (each.phase === 1) {
          const checked = ask({ phase: 1, chunk_seq: each.chunk_seq, chunk_text: each.words });
          expect(checked?.kind === 'collect' && collector.collect(checked.chunk)).toBeNull();
          if (each.chunk_seq > last) [said, last] = [whole, each.chunk_seq];
          continue;
        }
        const checked = ask({ phase: each.phase, prompt: each.words });
        expect(checked?.kind === 'commit' ? checked.request.prompt : null).toBe(whole.trim() === '' ? null : whole);
        if (checked?.kind === 'commit' && each.isAdmitted) {
          collector.use(checked.request);
          [said, last] = ['', Number.NEGATIVE_INFINITY];
        }
      }
      expect(reportFault).not.toHaveBeenCalled();
      collector.dropAll();
    }),
    { numRuns: runs(200) },
  );
  expect(vi.getTimerCount()).toBe(0);
  vi.useRealTimers();
});
