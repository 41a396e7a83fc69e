/** Engines and readers that do what real ones do on a bad day: late, in bursts, failing, silent. All chance comes from one seed. */
import type { AnswerEngine, AnswerPart } from '../../../src/engines/answer-engine.ts';
import { type PacedItems, Pause, playPaced } from '../../../src/engines/paced-stream.ts';
import type { SpeechEngine } from '../../../src/engines/speech-engine.ts';
import { EngineFailure } from '../../../src/errors.ts';
import { HandSink } from '../actors/hand-sink.ts';

/** 0 <= value < 1; mulberry32. */
export type Chance = () => number;

export function chanceFrom(seed: number): Chance {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

export function pick<T>(chance: Chance, values: readonly [T, ...T[]]): T {
  return values[Math.floor(chance() * values.length)] ?? values[0];
}

const words = [
  'It is sunny, about 21.5 degrees. ',
  'Dr. Smith agrees! ',
  '"Really?" ',
  'Сегодня, т. е. 5 мая, тепло… ',
  'Откройте **окно** и `main.py`.\n',
  'See https://example.com/a.b. ',
  '没有问题。',
  '🍞 ',
] as const;
const json = '{"text": "Opening it. One \\"moment\\".", "command": "open_app", "args": {"app_name": "Safari"}}';
const ends = ['good', 'good', 'good', 'good', 'fails', 'throws', 'hangs', 'command'] as const;

export function erraticAnswers(chance: Chance): AnswerEngine {
  function* script(): PacedItems<AnswerPart> {
    yield new Pause(chance() * 60);
    const text = chance() < 0.2 ? json : Array.from({ length: 1 + chance() * 8 }, () => pick(chance, words)).join('');
    for (let start = 0; start < text.length; ) {
      const length = 1 + Math.floor(chance() * 12);
      yield { kind: 'text', text: text.slice(start, start + length) };
      start += length;
      if (chance() < 0.4) yield new Pause(chance() * 25);
      if (chance() < 0.01) yield new Pause(250);
    }
    const end = pick(chance, ends);
    if (end === 'command') yield { kind: 'command', name: 'open_app', args: { app_name: 'Safari' } };
    if (end === 'fails') throw new EngineFailure({ errorCode: 'UNAVAILABLE', message: 'the model is down' });
    if (end === 'throws') throw new Error('a defect in the engine');
    if (end === 'hangs') yield new Pause(Number.POSITIVE_INFINITY);
  }
  return {
    name: 'erratic',
    start: async () => {},
    answer: (_, signal) => playPaced(script(), signal),
    stop: async () => {},
  };
}

export function erraticVoice(chance: Chance): SpeechEngine {
  const chunk = new Uint8Array(4096);
  function* script(): PacedItems<Uint8Array> {
    yield new Pause(chance() * 30);
    if (chance() < 0.05) throw new EngineFailure({ errorCode: 'UNAVAILABLE', message: 'no voice' });
    if (chance() < 0.03) yield new Pause(Number.POSITIVE_INFINITY);
    for (let left = Math.floor(chance() * 5); left > 0; left -= 1) {
      yield chunk.subarray(0, 2 * Math.ceil(chance() * 2048));
      if (chance() < 0.5) yield new Pause(chance() * 10);
    }
  }
  return {
    name: 'erratic',
    start: async () => {},
    synthesise: (_, signal) => playPaced(script(), signal),
    stop: async () => {},
  };
}

/** A reader that takes frames when it likes; one in forty stops for good. */
export function erraticReader(chance: Chance): { readonly sink: HandSink; readonly ended: Promise<void> } {
  const sink = new HandSink(4);
  const isStuck = chance() < 0.025;
  sink.onWrite = () => {
    if (isStuck) return;
    setTimeout(() => {
      sink.accept();
      sink.free(1);
    }, chance() * 8);
  };
  const ended = new Promise<void>((resolve) => {
    const finish = sink.finish.bind(sink);
    sink.finish = (end) => {
      finish(end);
      resolve();
    };
  });
  return { sink, ended };
}
