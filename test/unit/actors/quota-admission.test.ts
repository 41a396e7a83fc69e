/** A quota as calls meet it: when it is asked, what a call is meanwhile, what becomes of a request that nobody used. */
import { describe, expect, test } from 'vitest';
import type { QuotaPort } from '../../../src/actors/hosts/pending-calls.ts';
import { failure } from '../../../src/errors.ts';
import { HandSink } from '../../support/actors/hand-sink.ts';
import { openHost, requestOf } from '../../support/actors/hosted-supervisor.ts';

/** How its call ended first. */
function endOf({ ends: [end] }: HandSink): string {
  if (end === undefined) return 'open';
  return end.ok ? 'good' : end.failure.errorType;
}

describe('a quota', () => {
  /** Lets promises run. */
  const settle = () => new Promise((wake) => setImmediate(wake));

  /** Grants every device but the poor one what it asks for, when it is let. */
  function handQuota() {
    const asked: string[] = [];
    const waiting: (() => void)[] = [];
    const quota: QuotaPort = {
      reserve: ({ hardwareId, streamId }, requests) =>
        new Promise((resolve) => {
          waiting.push(() =>
            resolve(
              hardwareId === 'poor'
                ? failure('access_denied', 'Daily limit exceeded')
                : { settle: (isAdmitted) => asked.push(`${streamId} ${requests} ${isAdmitted}`) },
            ),
          );
        }),
    };
    const answerAll = async (): Promise<void> => {
      for (const answer of waiting.splice(0)) answer();
      await settle();
    };
    return { quota, asked, waiting, answerAll };
  }

  test('is asked once a call that is not refused anyway, told what became of it, and its refusal takes nothing', async () => {
    const { quota, asked, answerAll } = handQuota();
    const { host, counters, linesOf } = openHost({ quota, admission: { maxStreams: 2 } });
    const ends: string[] = [];
    const open = async (streamId: string, sessionId: string, device = 'device-1') => {
      const sink = new HandSink();
      const opened = host.open(requestOf(streamId, sessionId, device), sink);
      await answerAll();
      ends.push('cancel' in opened ? endOf(sink) : opened.errorType);
    };
    await open('call-1', 's-1');
    await open('call-2', 's-1');
    await open('call-3', 's-3', 'poor');
    await open('call-4', 's-1', 'poor');
    await open('call-5', 's-5');
    await open('call-6', 's-6');
    await open('call-7', 's-7', 'poor');
    expect(ends).toEqual([
      'open',
      'concurrent_request',
      'access_denied',
      'concurrent_request',
      'open',
      'stream_limit_exceeded',
      'access_denied',
    ]);
    // A full house only looks.
    expect(asked).toEqual(['call-1 1 true', 'call-5 1 true', 'call-6 0 false']);
    expect({ active: host.activeStreams, inFlight: host.inFlight }).toEqual({ active: 2, inFlight: 2 });
    expect(counters.rejected).toEqual({ concurrent_request: 2, access_denied: 2, stream_limit_exceeded: 1 });
    expect(linesOf('reject').map(({ ctx }) => ctx.reason)).toContain('access_denied');
  });

  test('that is still being asked: a duplicate waits for it, and is one', async () => {
    const { quota, asked, answerAll } = handQuota();
    const { host } = openHost({ quota });
    const sinks = [new HandSink(), new HandSink()];
    for (const [index, sink] of sinks.entries()) host.open(requestOf(`call-${index}`, 's-1', 'device-1'), sink);
    await answerAll();
    expect(sinks.map(endOf)).toEqual(['open', 'concurrent_request']);
    // It takes no request that another call may need.
    expect(asked).toEqual(['call-0 1 true']);
  });

  test.each([
    ['its client leaves', 'client_cancelled'],
    ['its device interrupts', 'interrupted'],
  ] as const)(
    'that is still being asked when %s: the call is over at once, and its request is given back',
    async (_, errorType) => {
      const { quota, asked, answerAll } = handQuota();
      const { host } = openHost({ quota });
      const [sink, other] = [new HandSink(), new HandSink()];
      const opened = host.open(requestOf('call-1', 's-1', 'device-1'), sink);
      host.open(requestOf('call-2', 's-2', 'device-2'), other);
      const interrupted = errorType === 'interrupted' ? await host.interrupt('device-1') : [];
      if ('cancel' in opened && errorType === 'client_cancelled') opened.cancel();
      expect(endOf(sink)).toBe(errorType);
      expect(interrupted).toEqual(errorType === 'interrupted' ? ['s-1'] : []);
      await answerAll();
      expect(asked).toEqual(['call-1 1 false', 'call-2 1 true']);
      expect({ active: host.activeStreams, other: endOf(other) }).toEqual({ active: 1, other: 'open' });
    },
  );

  test('that is still being asked when the server drains: the call is told so', async () => {
    const { quota, asked, answerAll } = handQuota();
    const { host } = openHost({ quota });
    const sink = new HandSink();
    host.open(requestOf('call-1', 's-1', 'device-1'), sink);
    void host.drain();
    await answerAll();
    expect(endOf(sink)).toBe('draining');
    expect(asked).toEqual(['call-1 1 false']);
  });

  test('one of a session whose first call was refused is asked for in its turn', async () => {
    const { quota, answerAll } = handQuota();
    const { host } = openHost({ quota, admission: { maxStreams: 1 } });
    const sinks = Array.from({ length: 4 }, () => new HandSink());
    const [holder, first, second, third] = sinks;
    if (holder === undefined || first === undefined || second === undefined || third === undefined) return;
    host.open(requestOf('call-0', 's-0', 'device-0'), holder);
    host.open(requestOf('call-1', 's-1', 'poor'), first);
    host.open(requestOf('call-2', 's-1', 'poor'), second);
    // Admitted with the first at once, the house is full when it is decided.
    host.open(requestOf('call-3', 's-3', 'device-3'), third);
    for (let turn = 0; turn < 3; turn += 1) await answerAll();
    expect(sinks.map(endOf)).toEqual(['open', 'access_denied', 'access_denied', 'stream_limit_exceeded']);
  });
});
