/**
 * Guarantees of early sound, over real charts and actors: nothing lies between a whole sentence and its voice, the next ones are
 * synthesised meanwhile but not more of them than allowed, and however long each takes, sound leaves in order and complete.
 */
import fc from 'fast-check';
import { afterEach, describe, expect, test, vi } from 'vitest';
import type { AnswerEngine } from '../../../src/engines/answer-engine.ts';
import type { SpeechEngine } from '../../../src/engines/speech-engine.ts';
import { HandSink } from '../../support/actors/hand-sink.ts';
import { settle } from '../../support/actors/hand-stream.ts';
import { type HostBench, openHost, requestOf } from '../../support/actors/hosted-supervisor.ts';

afterEach(() => {
  vi.useRealTimers();
});

const chunk = (): Uint8Array => new Uint8Array(4096).fill(1);
const askedOf = ({ voice }: HostBench): readonly string[] => voice.syntheses.map(({ request }) => request.text);

/** A stream over a reader with room for so many frames. */
function opened(room = Number.POSITIVE_INFINITY) {
  const bench = openHost();
  const sink = new HandSink(room);
  bench.host.open(requestOf('call-1', 'session-1'), sink);
  return { bench, sink };
}

describe('a sentence goes to its voice', () => {
  test('in the very turn of the event loop in which the delta comes that completes it', async () => {
    const { bench } = opened();
    bench.answers.say('The first sentence is here.');
    await settle();
    expect(askedOf(bench)).toEqual([]);
    const nextTurn = new Promise<readonly string[]>((resolve) => setImmediate(() => resolve(askedOf(bench))));
    bench.answers.say(' The');
    expect(await nextTurn).toEqual(['The first sentence is here.']);
  });

  test('in the turn in which the answer ends', async () => {
    const { bench } = opened();
    bench.answers.say('The first sentence is here');
    await settle();
    const nextTurn = new Promise<readonly string[]>((resolve) => setImmediate(() => resolve(askedOf(bench))));
    bench.answers.last.end();
    expect(await nextTurn).toEqual(['The first sentence is here']);
  });

  test('200 ms after its last word if the model says nothing more, and not before', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const { bench } = opened();
    bench.answers.say('The first sentence is here.');
    await settle();
    for (const [ms, asked] of [
      [199, []],
      [1, ['The first sentence is here.']],
    ] as const) {
      bench.clock.ms += ms;
      vi.advanceTimersByTime(ms);
      expect(askedOf(bench)).toEqual(asked);
    }
  });

  test('20 ms after the white space behind a stop that is beyond doubt', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    for (const answer of ['Let me think. ', '{"text": "Let me think. ']) {
      const { bench } = opened();
      for (const delta of answer.split(/(?<=[ .])/)) bench.answers.say(delta);
      await settle();
      for (const [ms, asked] of [
        [19, []],
        [1, ['Let me think.']],
      ] as const) {
        bench.clock.ms += ms;
        vi.advanceTimersByTime(ms);
        expect(askedOf(bench)).toEqual(asked);
      }
    }
  });

  test('alone if it is the first, however short; later short ones join', async () => {
    const { bench } = opened();
    bench.answers.say('Sure thing. It is. Now I will look at the weather for you. And');
    await settle();
    expect(askedOf(bench)).toEqual(['Sure thing.', 'It is. Now I will look at the weather for you.']);
  });
});

describe('while a sentence is being sent', () => {
  test('the next two are synthesised and no more; each one that is said lets in one more', async () => {
    // Room for the first text and one chunk: the reader takes its time.
    const { bench, sink } = opened(2);
    bench.answers.say('One is here now. Two is here now. Three is here now. Four is here now. Five');
    await settle();
    expect(askedOf(bench)).toEqual(['One is here now.', 'Two is here now.', 'Three is here now.']);
    for (const index of [2, 1, 0]) {
      bench.voice.at(index).give(chunk(), chunk());
      bench.voice.at(index).end();
      await settle();
    }
    // A third of a second may wait here, so the first is said as far as its voice goes.
    expect(askedOf(bench)).toEqual([...['One', 'Two', 'Three', 'Four'].map((name) => `${name} is here now.`)]);
    sink.free(100);
    await settle();
    expect(sink.brief).toEqual([
      'One is here now.',
      '4096 bytes',
      '4096 bytes',
      ' Two is here now.',
      '4096 bytes',
      '4096 bytes',
      ' Three is here now.',
      '4096 bytes',
      '4096 bytes',
      ' Four is here now.',
    ]);
  });
});

describe('a hundred streams at once', () => {
  const STREAMS = 100;
  const SENTENCES = 6;
  const textOf = (stream: number, sentence: number): string => `Stream ${stream} says sentence ${sentence} now.`;

  /** Both engines let `turns[n]` turns of the event loop go by before their n-th step. */
  function enginesOf(turns: readonly number[]): { answer: AnswerEngine; speech: SpeechEngine } {
    let step = 0;
    const wait = async (): Promise<void> => {
      step += 1;
      for (let left = turns[step % turns.length] ?? 0; left > 0; left -= 1) await new Promise(setImmediate);
    };
    const answer = async function* (request: { readonly prompt: string }) {
      const stream = Number(request.prompt.split('-')[1]);
      for (let sentence = 0; sentence < SENTENCES; sentence += 1) {
        await wait();
        yield { kind: 'text', text: `${textOf(stream, sentence)} ` } as const;
      }
    };
    const synthesise = async function* (request: { readonly text: string }) {
      const [stream = 0, sentence = 0] = request.text.match(/\d+/g)?.map(Number) ?? [];
      for (let part = 0; part < 3; part += 1) {
        await wait();
        yield new Uint8Array(4096).fill(1).fill(stream, 0, 1).fill(sentence, 1, 2).fill(part, 2, 3);
      }
    };
    const [start, stop] = [async () => {}, async () => {}];
    return { answer: { name: 'a', start, stop, answer }, speech: { name: 's', start, stop, synthesise } };
  }

  test('whose voices take any time each send all words and all sound, each sentence in its place', async () => {
    const turns = fc.array(fc.nat({ max: 12 }), { minLength: 50, maxLength: 200 });
    await fc.assert(
      fc.asyncProperty(turns, async (chosen) => {
        const { answer, speech } = enginesOf(chosen);
        const bench = openHost({ answerEngine: answer, speechEngine: speech, admission: { maxStreams: STREAMS } });
        const sinks = Array.from({ length: STREAMS }, () => new HandSink());
        for (const [stream, sink] of sinks.entries()) {
          bench.host.open(requestOf(`call-${stream}`, `session-${stream}`, `device-${stream}`), sink);
        }
        while (bench.host.activeStreams > 0) await new Promise(setImmediate);
        for (const [stream, sink] of sinks.entries()) {
          const heard = sink.frames.map((frame) =>
            frame.kind === 'audio' ? [...frame.bytes.subarray(0, 3)].join() : frame.kind,
          );
          const expected = Array.from({ length: SENTENCES }, (_, sentence) => [
            'text',
            ...[0, 1, 2].map((part) => [stream, sentence, part].join()),
          ]);
          expect(heard).toEqual([...expected.flat(), 'end']);
          const words = sink.frames.map((frame) => (frame.kind === 'text' ? frame.text : '')).join('');
          expect(words).toBe(Array.from({ length: SENTENCES }, (_, sentence) => textOf(stream, sentence)).join(' '));
        }
        expect(bench.linesOf('end').map(({ ctx }) => ctx)).toEqual(
          sinks.map(() =>
            expect.objectContaining({ sentences: SENTENCES, sentences_spoken: SENTENCES, sentences_wasted: 0 }),
          ),
        );
      }),
      { numRuns: 3 },
    );
  }, 60_000);
});
