import { describe, expect, it } from 'vitest';
import { Stop } from '../../../src/call/stop-signal.ts';
import { linkedAbort } from '../../../src/engines/provider/linked-abort.ts';

const reason = new Error('nobody listens any more');

/** What is heard of a stop, whoever makes it. */
function heardOf(signal: Pick<Stop, 'addEventListener' | 'removeEventListener'>, stop: () => void): readonly string[] {
  const heard: string[] = [];
  const first = () => heard.push('first');
  const gone = () => heard.push('gone');
  signal.addEventListener('abort', first);
  signal.addEventListener('abort', gone);
  signal.addEventListener('abort', () => heard.push('second'));
  signal.addEventListener('abort', first);
  signal.removeEventListener('abort', gone);
  stop();
  stop();
  signal.addEventListener('abort', () => heard.push('too late'));
  return heard;
}

describe('a stop', () => {
  it('is heard as an AbortSignal is: by each listener once, in their order, and by none that came too late or left', () => {
    const stop = new Stop();
    const controller = new AbortController();
    const heard = heardOf(stop, () => stop.stop(reason));
    expect(heard).toEqual(['first', 'second']);
    expect(heard).toEqual(heardOf(controller.signal, () => controller.abort(reason)));
  });

  it('says whether it was made, and why', () => {
    const stop = new Stop();
    expect([stop.aborted, stop.reason]).toEqual([false, undefined]);
    stop.throwIfAborted();
    stop.stop(reason);
    expect([stop.aborted, stop.reason]).toEqual([true, reason]);
    expect(() => stop.throwIfAborted()).toThrow(reason);
  });

  it('reaches who stands behind a listener that throws, and hands what was thrown to whoever stops', () => {
    const stop = new Stop();
    let isReached = false;
    const bug = new Error('a bug of an engine');
    stop.addEventListener('abort', () => {
      throw bug;
    });
    stop.addEventListener('abort', () => {
      isReached = true;
    });
    expect(stop.stop(reason)).toEqual([bug]);
    expect(isReached).toBe(true);
    expect(stop.stop(reason)).toEqual([]);
  });

  it('becomes an AbortSignal for who needs one', () => {
    const stop = new Stop();
    const { signal } = linkedAbort(stop);
    expect(signal).toBeInstanceOf(AbortSignal);
    stop.stop(reason);
    expect([signal.aborted, signal.reason]).toEqual([true, reason]);
  });
});
