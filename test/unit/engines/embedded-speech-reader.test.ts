import { expect, test } from 'vitest';
import { SentenceSound } from '../../../src/engines/embedded-speech/embedded-speech.ts';
import type { JobListener, Utterable } from '../../../src/engines/embedded-speech/worker-pool.ts';

const second = 96_000;

/** A sentence of `utterances` pieces, whose jobs the test itself runs. */
function sentence(utterances: number) {
  const jobs: { readonly listener: JobListener; isAbandoned: boolean }[] = [];
  const abort = new AbortController();
  let closed = 0;
  const sound = new SentenceSound({
    open: () =>
      Array.from(
        { length: utterances },
        (_, at): Utterable => ({ synthesiser: 'flite', voiceId: 'slt', text: `${at}`, gain: 1, pauseMs: 0 }),
      ),
    submit: (_, listener) => {
      const job = { listener, isAbandoned: false };
      jobs.push(job);
      return () => {
        job.isAbandoned = true;
      };
    },
    onClosed: () => {
      closed += 1;
    },
    signal: abort.signal,
  });
  const run = (at: number, seconds: number) => {
    for (let made = 0; made < seconds; made++) jobs[at]?.listener.onSound(new Uint8Array(second));
    jobs[at]?.listener.onEnd(undefined);
  };
  return { sound, jobs, abort, run, closed: () => closed };
}

test('nothing is made before the first pull', () => {
  expect(sentence(3).jobs.length).toBe(0);
});

test('an utterance is made only when the reader has less than a second of sound left', async () => {
  const { sound, jobs, run } = sentence(3);
  const first = sound.next();
  run(0, 3);
  expect((await first).value?.length).toBe(second);
  await sound.next();
  expect(jobs.length).toBe(1);
  await sound.next();
  expect(jobs.length).toBe(2);
});

test('the reader gets all sound of all utterances, and one end', async () => {
  const { sound, jobs, run, closed } = sentence(4);
  let at = 0;
  let bytes = 0;
  for (;;) {
    const pulled = sound.next();
    if (jobs.length > at) run(at++, 2);
    const { done, value } = await pulled;
    if (done) break;
    bytes += value.length;
  }
  expect(bytes).toBe(4 * 2 * second);
  expect(closed()).toBe(1);
  expect(await sound.next()).toEqual({ done: true, value: undefined });
});

test.each(['abort', 'return'])('%s abandons the job, drops what is held and frees the place once', async (way) => {
  const { sound, jobs, abort, closed } = sentence(3);
  const pending = sound.next();
  if (way === 'abort') abort.abort();
  else await sound.return();
  expect(await pending).toEqual({ done: true, value: undefined });
  expect(jobs.map((job) => job.isAbandoned)).toEqual([true]);
  await sound.return();
  abort.abort();
  expect(closed()).toBe(1);
});

test('a sentence that was never pulled takes no place', async () => {
  const { sound, jobs, closed } = sentence(1);
  await sound.return();
  expect([jobs.length, closed()]).toEqual([0, 0]);
});
