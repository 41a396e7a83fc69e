import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { createWavFile, createWavSink, wavHeader } from '../../../src/cli/ask/sound.ts';

async function temporaryFile(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'recital-wav-'));
  onTestFinished(() => rm(directory, { recursive: true }));
  return join(directory, 'sound.wav');
}

test('the header is the 44 bytes every player reads', () => {
  expect(wavHeader({ dataBytes: 96_000, sampleRateHz: 48_000, channels: 1 }).toString('hex')).toBe(
    '52494646' +
      '24770100' +
      '57415645' +
      '666d7420' +
      '10000000' +
      '0100' +
      '0100' +
      '80bb0000' +
      '00770100' +
      '0200' +
      '1000' +
      '64617461' +
      '00770100',
  );
});

test.each([-1, 1.5, 2 ** 32])('a size of %d that the format can not hold is refused', (dataBytes) => {
  expect(() => wavHeader({ dataBytes, sampleRateHz: 48_000, channels: 1 })).toThrow(RangeError);
});

test('a closed file holds every chunk in order under a header with the true sizes', async () => {
  const path = await temporaryFile();
  const file = await createWavFile(path);
  const chunks = Array.from({ length: 50 }, (_, at) => Buffer.alloc(4096, at));
  await Promise.all(chunks.map((chunk) => file.write(chunk)));
  expect(file.dataBytes).toBe(50 * 4096);
  await file.close();
  await file.close();
  expect(await readFile(path)).toEqual(
    Buffer.concat([wavHeader({ dataBytes: 50 * 4096, sampleRateHz: 48_000, channels: 1 }), ...chunks]),
  );
});

test('a file without sound is a valid empty one, a shorter one replaces a longer one whole', async () => {
  const path = await temporaryFile();
  const longer = await createWavFile(path);
  await longer.write(Buffer.alloc(1000));
  await longer.close();
  const empty = await createWavFile(path);
  await empty.close();
  expect(await readFile(path)).toEqual(wavHeader({ dataBytes: 0, sampleRateHz: 48_000, channels: 1 }));
});

test('writing after close and into a missing folder are refused', async () => {
  const path = await temporaryFile();
  const file = await createWavFile(path);
  await file.close();
  await expect(file.write(Buffer.alloc(2))).rejects.toThrow('is closed');
  await expect(createWavFile(join(path, 'no', 'folder.wav'))).rejects.toThrow();
});

test('a sink that is stopped keeps what it has and what is still on its way, and loses nothing', async () => {
  const path = await temporaryFile();
  const sink = await createWavSink(path);
  const early = sink.write(Buffer.alloc(4096, 1));
  sink.abort();
  sink.abort();
  await Promise.all([early, sink.write(Buffer.alloc(4096, 2))]);
  expect(await sink.finish()).toEqual({ words: `in ${path}`, isLost: false });
  expect(await readFile(path)).toEqual(
    Buffer.concat([
      wavHeader({ dataBytes: 8192, sampleRateHz: 48_000, channels: 1 }),
      Buffer.alloc(4096, 1),
      Buffer.alloc(4096, 2),
    ]),
  );
});

test('a sink that is stopped before any sound leaves no file', async () => {
  const path = await temporaryFile();
  const sink = await createWavSink(path);
  sink.abort();
  expect((await sink.finish()).isLost).toBe(false);
  await expect(readFile(path)).rejects.toThrow('ENOENT');
});
