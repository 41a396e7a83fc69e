/**
 * What a request comes out as after its check: a COLLECT as a chunk, a COMMIT as what it brings itself, which makes the whole utterance
 * with what was collected. Without a wire: what the model sees of a screen can't be seen from outside.
 */
import fc from 'fast-check';
import { describe, expect, test, vi } from 'vitest';
import { UtteranceCollector } from '../../../src/actors/hosts/utterance-collector.ts';
import type { CollectedChunk, Screen, Screenshot, StreamRequest } from '../../../src/call/gateway.ts';
import { loadConfig } from '../../../src/config.ts';
import type { Failure } from '../../../src/errors.ts';
import { collectMachine } from '../../../src/machines/collect.machine.ts';
import type { StreamRequest__Output } from '../../../src/rpc/generated/streaming/StreamRequest.ts';
import { checkStreamRequest } from '../../../src/rpc/streaming-rpcs.ts';
import { callOf, keepingFaults } from '../../support/actors/hosted-supervisor.ts';
import { ownTimeOf } from '../../support/own-time.ts';
import { runs } from '../../support/runs.ts';

const config = loadConfig({
  env: {},
  readFile: () => {
    throw new Error('no file is read');
  },
});
const png = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';
const call = callOf('call-1', 'session-1');
const collectedScreenshot: Screenshot = {
  bytes: new Uint8Array(3),
  mediaType: 'image/jpeg',
  widthPixels: 8,
  heightPixels: 6,
};
const log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {}, announce: () => {} };

function check(given: Partial<StreamRequest__Output>): StreamRequest | CollectedChunk | Failure {
  const ids = { hardware_id: call.hardwareId, session_id: call.sessionId };
  return checkStreamRequest(call, { prompt: '', ...ids, phase: 2, chunk_seq: 0, ...given }, config.collect);
}

describe('a COLLECT', () => {
  test('is a chunk with what it tells and nothing else', () => {
    expect(check({ phase: 1, chunk_seq: 7, prompt: 'no chunk' })).toEqual({ call, sequence: 7, screen: {} });
    const empty = { chunk_text: '', screenshot: '', screen_width: 0, screen_height: 0 };
    expect(check({ phase: 1, ...empty })).toEqual({ call, sequence: 0, screen: {} });
    const full = { chunk_text: ' is', screenshot: png, screen_width: 1920, screen_height: 1080 };
    expect(check({ phase: 1, ...full })).toEqual({
      call,
      sequence: 0,
      text: ' is',
      screen: {
        screenWidth: 1920,
        screenHeight: 1080,
        screenshot: expect.objectContaining({ mediaType: 'image/png', widthPixels: 1, heightPixels: 1 }),
      },
    });
  });
});

describe('a COMMIT', () => {
  const screen: Screen = { screenshot: collectedScreenshot, screenWidth: 800, screenHeight: 600 };

  /** The utterance after `collected` was kept. */
  function whole(given: Partial<StreamRequest__Output>, collected: Omit<CollectedChunk, 'call' | 'sequence'> | null) {
    const checked = check(given);
    if (!('prompt' in checked)) throw new Error('no COMMIT');
    const collector = new UtteranceCollector({
      machine: collectMachine,
      limits: config.collect,
      log,
      faults: keepingFaults([]),
      ownTime: ownTimeOf(),
    });
    if (collected !== null) collector.collect({ call: callOf('chunk-1', 'session-1'), sequence: 0, ...collected });
    const utterance = collector.whole(checked);
    collector.dropAll();
    return utterance;
  }

  test('without anything of its own is what was collected', () => {
    expect(whole({}, { text: 'What is', screen })).toEqual({ call, prompt: 'What is', screen });
  });

  test('with a screen of its own shows that, each part by itself', () => {
    const own = { prompt: ' it?', screenshot: png, screen_width: 1920, screen_height: 0 };
    expect(whole(own, { text: 'What is', screen })).toEqual({
      call,
      prompt: 'What is it?',
      screen: {
        screenshot: expect.objectContaining({ mediaType: 'image/png' }),
        screenWidth: 1920,
        screenHeight: 600,
      },
    });
    expect(whole({ prompt: 'Only words', screenshot: '' }, { text: 'What is', screen })).toMatchObject({
      prompt: 'Only words',
      screen: { screenshot: collectedScreenshot },
    });
  });

  test('without a buffer is its own words alone, of its prompt before its chunk', () => {
    expect(whole({ prompt: 'What?', screen_width: 0 }, null)).toEqual({ call, prompt: 'What?', screen: {} });
    expect(whole({ prompt: 'What?', chunk_text: 'No' }, null)).toEqual({ call, prompt: 'What?', screen: {} });
    expect(whole({ chunk_text: 'Words' }, null)).toEqual({ call, prompt: 'Words', screen: {} });
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
  fc.assert(
    fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
      const faults: { id: string; error: unknown }[] = [];
      const collector = new UtteranceCollector({
        machine: collectMachine,
        limits: config.collect,
        log,
        faults: keepingFaults(faults),
        ownTime: ownTimeOf(),
      });
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
          const checked = check({ phase: 1, chunk_seq: each.chunk_seq, chunk_text: each.words });
          expect('sequence' in checked && collector.collect(checked)).toBeNull();
          if (each.chunk_seq > last) [said, last] = [whole, each.chunk_seq];
          continue;
        }
        const checked = check({ phase: each.phase, prompt: each.words });
        expect('prompt' in checked && collector.whole(checked)).toMatchObject({ prompt: whole });
        // One without words is refused by the supervisor.
        if (whole.trim() !== '' && each.isAdmitted) {
          collector.use(call);
          [said, last] = ['', Number.NEGATIVE_INFINITY];
        }
      }
      expect(faults).toEqual([]);
      collector.dropAll();
    }),
    { numRuns: runs(200) },
  );
  expect(vi.getTimerCount()).toBe(0);
  vi.useRealTimers();
});
