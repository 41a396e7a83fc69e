/** What a synthesiser made, before it is resampled. */
import { expect, test } from 'vitest';
import { wavHeader } from '../../../src/cli/ask/sound.ts';
import { amplified, readWav, trimSilence } from '../../../src/engines/embedded-speech/sound.ts';

function tone(frequencyHz: number, sampleRateHz: number, samples: number, amplitude = 16_000): Int16Array {
  return Int16Array.from(
    { length: samples },
    (_, at) => amplitude * Math.sin((2 * Math.PI * frequencyHz * at) / sampleRateHz),
  );
}

test('a gain makes sound louder, and what is too loud saturates and does not wrap round', () => {
  const samples = Int16Array.from([0, 1, -1, 1000, 20_000, -20_000]);
  expect(new Int16Array(amplified(samples, 2.5).slice().buffer)).toEqual(
    Int16Array.from([0, 3, -2, 2500, 32_767, -32_768]),
  );
});

test('silence around the speech is cut to a margin of 40 ms', () => {
  const samples = new Int16Array(16_000);
  samples.set(tone(300, 16_000, 8000), 4000);
  const { samples: kept } = trimSilence({ samples, sampleRateHz: 16_000 });
  expect(kept.length).toBeGreaterThanOrEqual(8000 + 2 * 640);
  expect(kept.length).toBeLessThanOrEqual(8000 + 2 * 640 + 2 * 160);
  expect(trimSilence({ samples: new Int16Array(16_000), sampleRateHz: 16_000 }).samples.length).toBe(0);
});

test('a WAV file is read back as its samples, and what is none is refused', () => {
  const samples = tone(300, 16_000, 100);
  const file = Buffer.concat([
    wavHeader({ dataBytes: 200, sampleRateHz: 16_000, channels: 1 }),
    Buffer.from(samples.buffer),
  ]);
  expect(readWav(file)).toEqual({ samples, sampleRateHz: 16_000 });
  expect(() => readWav(Buffer.alloc(100))).toThrow('no RIFF header');
  expect(() => readWav(Buffer.concat([wavHeader({ dataBytes: 0, sampleRateHz: 16_000, channels: 2 })]))).toThrow(
    'not mono',
  );
});
