/** What a voice really sent, by its content: files of real encoders, PCM that begins like one, words in place of sound. */
import { deflateSync } from 'node:zlib';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { loadResampler } from '../../../src/engines/resampler.ts';
import { UnusableSound, WordsInsteadOfSound } from '../../../src/engines/speech-providers/sample-reader.ts';
import { soundKindOf } from '../../../src/engines/speech-providers/sound-kind.ts';
import { type SoundLabel, SoundPipeline } from '../../../src/engines/speech-providers/sound-pipeline.ts';
import { soundFile, wavOf } from '../../support/providers/sound-files.ts';

const resampler = await loadResampler();

/** The sound of `bytes`, which come in pieces of `size`. */
function run(bytes: Buffer, size: number, label?: SoundLabel): Buffer {
  const pipeline = new SoundPipeline({ rawRateHz: 48_000, forcedRateHz: null, resampler, label });
  const output: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; at += size) output.push(pipeline.push(bytes.subarray(at, at + size)));
  output.push(pipeline.flush());
  return Buffer.concat(output);
}

/** White noise from -1 to 1. */
function hiss(at: number): number {
  return 2 * ((Math.sin(at * 12.9898) * 43_758.5453) % 1);
}

const sizes: readonly number[] = [1, 3, 1000, 1 << 20];
const tone = Buffer.from(Int16Array.from({ length: 2400 }, (_, at) => 8000 * Math.sin(at / 20)).buffer);

describe('sound that is not decoded', () => {
  test.each([
    ['mp3-frames', 'MP3'],
    ['mp3-id3', 'MP3'],
    ['mp2', 'MP3'],
    ['aac-adts', 'AAC (ADTS)'],
    ['aac-latm', 'AAC (LATM)'],
    ['aac-m4a', 'AAC in MP4 (M4A)'],
    ['aac-mp4', 'MP4'],
    ['opus-webm', 'WebM or Matroska'],
    ['opus-ogg', 'Ogg'],
    ['vorbis-ogg', 'Ogg'],
    ['flac', 'FLAC'],
    ['ts', 'an MPEG transport stream'],
    ['rf64', 'RF64'],
    ['rifx', 'RIFX, a WAV of big-endian samples'],
    ['w64', 'Wave64'],
    ['aiff', 'AIFF'],
    ['au', 'Sun audio (.snd)'],
    ['caf', 'CAF'],
    ['wavpack', 'WavPack'],
    ['wma', 'WMA'],
    ['gzip', 'gzip'],
    ['zstd', 'zstd'],
  ])('%s is refused by its content as %s, however it comes in pieces', (name, format) => {
    for (const size of sizes) {
      expect(() => run(soundFile(name), size)).toThrow(new UnusableSound(`${format} instead of PCM or WAV`));
    }
  });

  test.each([
    ['#!AMR\n and frames', 'AMR'],
    ['\x02#!SILK_V3\x10\x00', 'SILK'],
    ['\x89PNG\r\n\x1a\n\0\0\0\rIHDR', 'an image (PNG)'],
    ['\xff\xd8\xff\xe0\0\x10JFIF\0\x01\x01\0\0\x01', 'an image (JPEG)'],
    ['%PDF-1.7\n%\xe2\xe3\xcf\xd3', 'PDF'],
    ['PK\x03\x04\x14\0\0\0\x08\0\0\0\0\0\0\0', 'a ZIP archive'],
    ['BW64\xff\xff\xff\xffWAVEds64', 'BW64'],
    ['FORM\0\0\x10\0AIFCFVER', 'AIFC'],
    ['\x7f\xfe\x80\x01\xfc\x3c', 'DTS'],
    ['Creative Voice File\x1a', 'Creative Voice (.voc)'],
    ['\x64\xa3\x01\0\0\0\x80\x45', 'IRCAM sound (.sf)'],
    ['.SoX\x1c\0\0\0', 'SoX sound'],
    ['.RMF\0\0\0\x12', 'RealMedia'],
  ])('%j is refused', (beginning, format) => {
    const bytes = Buffer.concat([Buffer.from(beginning, 'latin1'), Buffer.alloc(500, 7)]);
    for (const size of sizes) {
      expect(() => run(bytes, size)).toThrow(new UnusableSound(`${format} instead of PCM or WAV`));
    }
  });

  test.each([
    ['wav-adpcm-ms', 'WAV of format 2 (Microsoft ADPCM) with 4 bits'],
    ['wav-adpcm-ima', 'WAV of format 17 (IMA ADPCM) with 4 bits'],
    ['wav-mulaw', 'WAV of format 7 (µ-law) with 8 bits'],
    ['wav-alaw', 'WAV of format 6 (A-law) with 8 bits'],
    ['wav-mp3', 'WAV of format 85 (MP3) with 0 bits'],
    ['wav-float64', 'WAV of format 3 (floating point) with 64 bits'],
  ])('in a WAV, %s, is refused by its format', (name, words) => {
    for (const size of sizes) {
      expect(() => run(soundFile(name), size)).toThrow(new UnusableSound(`${words}; it must be PCM of 8 to 32 bits`));
    }
  });

  test.each([
    ['frames of MP3 whose beginning is lost', soundFile('mp3-frames').subarray(50)],
    ['pages of Ogg whose beginning is lost', soundFile('vorbis-ogg').subarray(5)],
    ['frames of AAC whose beginning is lost', soundFile('aac-adts').subarray(50)],
    [
      'what zlib packed',
      deflateSync(Buffer.from(Array.from({ length: 4000 }, (_, at) => 128 + 90 * Math.sin(at * at)))),
    ],
  ])('%s: noise at full scale is refused though nothing names it', (_, bytes) => {
    const words = 'compressed data of an unknown format instead of PCM or WAV';
    for (const size of sizes) expect(() => run(bytes, size)).toThrow(new UnusableSound(words));
  });

  test('in the frames of one stream is known though the body holds but one of them', () => {
    const frame = soundFile('mp3-frames').subarray(0, 192);
    expect(soundKindOf(frame, true)).toEqual({ refused: 'MP3' });
  });
});

describe('PCM', () => {
  test.each([
    ['an MP3 head', [0xff, 0xfb, 0x90, 0x00]],
    ['an MP3 head and one more at its place', null],
    ['an ADTS head', [0xff, 0xf1, 0x50, 0x80, 0x10, 0x1f, 0xfc]],
    ['a LATM head', [0x56, 0xe0, 0x20]],
    ['the sync byte of a transport stream', [0x47, 0x40, 0x00, 0x10]],
    ['letters', [...Buffer.from('Hello, I am sound')]],
  ])('that happens to begin with %s passes bit for bit', (_, beginning) => {
    const sound = Buffer.from(tone);
    if (beginning === null) soundFile('mp3-frames').copy(sound, 0, 0, 4);
    else sound.set(beginning);
    if (beginning === null) soundFile('mp3-frames').copy(sound, 192, 192, 196);
    for (const size of sizes) expect(run(sound, size)).toEqual(sound);
  });

  test.each<[string, (at: number) => number]>([
    ['of a hiss far louder than any voice has', (at) => 15_000 * hiss(at)],
    ['of the loudest low tone', (at) => 32_767 * Math.sin(at / 20)],
    ['of the loudest high tone', (at) => 32_767 * Math.cos(at * 3)],
    ['of silence', () => 0],
  ])('%s passes bit for bit', (_, level) => {
    const sound = Buffer.from(Int16Array.from({ length: 3000 }, (__, at) => level(at)).buffer);
    for (const size of sizes) expect(run(sound, size).equals(sound)).toBe(true);
  });

  test('of any samples is decided about with bounded bytes, and never taken for text or frames', () => {
    const sound = fc.uint8Array({ minLength: 9000, maxLength: 9000 });
    fc.assert(
      fc.property(sound, (bytes) => {
        expect(soundKindOf(bytes, false)).not.toBeNull();
        expect(soundKindOf(bytes, false)).toBe('pcm');
      }),
    );
  });
});

describe('words in place of sound', () => {
  const error = '{"error":{"message":"Rate limit reached"}}';

  test.each([
    ['JSON', error],
    ['JSON', `\n\n  ${error}`],
    ['JSON', `\ufeff${error}`],
    ['a page', '<!DOCTYPE html><html><body>502 Bad Gateway</body></html>'],
    ['a page', '<?xml version="1.0"?><Error><Code>AccessDenied</Code></Error>'],
    ['text', 'Voice not found: Jenny'],
    ['text', 'Ошибка: голос не найден, попробуйте другой голос или обратитесь к поддержке'],
    ['text', `data: {"type":"speech.audio.delta","audio":"${'A'.repeat(200)}"}\n\n`],
    ['text', 'UklGRiQAAABXQVZFZm10IBAAAAABAAEAwF0AAIC7AAACABAAZGF0YQAAAAA='.repeat(400)],
  ])('%s: %s', (what, body) => {
    const bytes = Buffer.from(body);
    for (const size of sizes) {
      const thrown = thrownBy(() => run(bytes, size));
      expect(thrown).toBeInstanceOf(WordsInsteadOfSound);
      expect(thrown).toMatchObject({ message: `${what} instead of sound` });
      // A byte order mark is no character of a text; as much is kept as is read of any error.
      const said = body.replace('\ufeff', '').slice(0, 16_384);
      expect(thrown).toHaveProperty('body', said);
    }
  });
});

describe('a WAV behind something else', () => {
  test.each(['\r\n', '\ufeff', '--part\r\nContent-Type: audio/wav\r\n\r\n', '\0'])(
    '%j is heard from its sound on',
    (before) => {
      const body = Buffer.concat([
        Buffer.from(before),
        wavOf(tone, { riffBytes: 'right' }),
        Buffer.from('\r\n--part--'),
      ]);
      for (const size of sizes) expect(run(body, size).equals(tone)).toBe(true);
    },
  );
});

describe('few words in place of sound', () => {
  test.each(['{}', 'err', 'null', '[]\n', '<p/>', 'nope'])('%j are words', (body) => {
    for (const size of sizes) expect(() => run(Buffer.from(body), size)).toThrow(WordsInsteadOfSound);
  });

  test('are words in the letters of another encoding than UTF-8, too', () => {
    const body = Buffer.from(
      'Die Stimme ist leider nicht verf\u00fcgbar, bitte w\u00e4hlen Sie eine andere.',
      'latin1',
    );
    for (const size of sizes) expect(() => run(body, size)).toThrow(WordsInsteadOfSound);
  });
});

describe('a label', () => {
  const compressed: SoundLabel = { type: 'audio/mpeg', meaning: 'compressed' };
  const text: SoundLabel = { type: 'text/html', meaning: 'text' };

  test.each([compressed, text])('of $type is not believed against a WAV', (label) => {
    for (const size of sizes) expect(run(wavOf(tone), size, label)).toEqual(tone);
  });

  test.each([compressed, text])('of $type is not believed against samples that follow each other', (label) => {
    const sounds = [
      tone,
      Buffer.concat([Buffer.alloc(4000), tone]),
      Buffer.concat([Buffer.alloc(40_001), tone.subarray(1)]),
      Buffer.concat([tone, tone, tone, tone, tone]),
    ];
    for (const sound of sounds) for (const size of sizes) expect(run(sound, size, label).equals(sound)).toBe(true);
  });

  test('is believed of silence without an end, which is not held longer than a beginning of a sentence may last', () => {
    const pipeline = new SoundPipeline({
      rawRateHz: 48_000,
      forcedRateHz: null,
      resampler,
      label: compressed,
    });
    const push = () => {
      for (let pushed = 0; pushed < 250_000; pushed += 5000) pipeline.push(new Uint8Array(5000));
    };
    expect(push).toThrow(new UnusableSound('audio/mpeg, which is not decoded here'));
  });

  test('is believed of what follows no order, of silence and of what has a mark', () => {
    const noise = soundFile('mp3-frames').subarray(50);
    for (const size of sizes) {
      for (const body of [noise, Buffer.alloc(3000)]) {
        expect(() => run(body, size, compressed)).toThrow(new UnusableSound('audio/mpeg, which is not decoded here'));
        expect(() => run(body, size, text)).toThrow(WordsInsteadOfSound);
      }
      expect(() => run(soundFile('flac'), size, compressed)).toThrow(new UnusableSound('FLAC instead of PCM or WAV'));
    }
  });

  test.each(['mp3-frames', 'mp3-id3', 'aac-adts', 'opus-ogg'])(
    'of a WAV is not believed of %s inside of one',
    (name) => {
      for (const size of sizes) {
        expect(() => run(wavOf(soundFile(name)), size)).toThrow(/^(MP3|AAC \(ADTS\)|Ogg) inside of a WAV$/);
      }
    },
  );
});

function thrownBy(run: () => unknown): unknown {
  try {
    run();
  } catch (error) {
    return error;
  }
  throw new Error('nothing was thrown');
}
