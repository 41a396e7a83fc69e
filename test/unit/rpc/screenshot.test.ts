/** What a screenshot may be, how it is refused, and that no input makes the check slow or throw. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { checkScreenshot } from '../../../src/rpc/screenshot.ts';
import {
  type ImageSize,
  jpeg,
  jpegSegment,
  png,
  pngHeader,
  webpExtended,
  webpLossless,
  webpLossy,
} from '../../support/images.ts';
import { runs } from '../../support/runs.ts';
import { startStopwatch } from '../../support/stopwatch.ts';

const MAX_BYTES = 10_485_760;
const full = { width: 1920, height: 1080 };

function check(given: string | Buffer, maxBytes = MAX_BYTES) {
  return checkScreenshot(typeof given === 'string' ? given : given.toString('base64'), maxBytes);
}

function refusal(given: string | Buffer, maxBytes = MAX_BYTES): string {
  const checked = check(given, maxBytes);
  if (!('errorCode' in checked)) throw new Error(`taken: ${checked.widthPixels} × ${checked.heightPixels}`);
  expect(checked).toMatchObject({ errorCode: 'INVALID_ARGUMENT', errorType: 'invalid_screenshot' });
  return checked.message;
}

/** Bytes are compared as bytes: element by element would take seconds for megabytes. */
function expectTaken(checked: ReturnType<typeof check>, image: Buffer, told: object): void {
  if ('errorCode' in checked) throw new Error(checked.message);
  const { bytes, ...rest } = checked;
  expect(rest).toEqual(told);
  expect(image.equals(bytes)).toBe(true);
}

const exif = jpegSegment(0xe1, Buffer.concat([Buffer.from('Exif\0\0'), Buffer.alloc(60_000, 0xff)]));
const icc = jpegSegment(0xe2, Buffer.concat([Buffer.from('ICC_PROFILE\0\x01\x01'), Buffer.alloc(65_000, 7)]));
/** A thumbnail inside: its frame header is not that of the image. */
const exifWithThumbnail = jpegSegment(
  0xe1,
  Buffer.concat([Buffer.from('Exif\0\0'), jpeg({ width: 160, height: 120 })]),
);

describe('formats', () => {
  test.each<readonly [string, (size: ImageSize) => Buffer, string]>([
    ['PNG', png, 'image/png'],
    ['JPEG', jpeg, 'image/jpeg'],
    ['progressive JPEG', (size) => jpeg(size, { isProgressive: true }), 'image/jpeg'],
    ['colour JPEG', (size) => jpeg(size, { components: 3 }), 'image/jpeg'],
    ['CMYK JPEG', (size) => jpeg(size, { components: 4 }), 'image/jpeg'],
    ['JPEG with EXIF and ICC', (size) => jpeg(size, { segments: [exif, icc] }), 'image/jpeg'],
    ['JPEG with a thumbnail', (size) => jpeg(size, { segments: [exifWithThumbnail] }), 'image/jpeg'],
    ['JPEG with 60 segments', (size) => jpeg(size, { segments: new Array(60).fill(exif) }), 'image/jpeg'],
    ['lossy WebP', webpLossy, 'image/webp'],
    ['lossless WebP', webpLossless, 'image/webp'],
    ['extended WebP', webpExtended, 'image/webp'],
  ])('%s is known by its bytes, with its size', (_name, make, mediaType) => {
    for (const size of [{ width: 1, height: 1 }, full]) {
      const bytes = make(size);
      expectTaken(check(bytes), bytes, { mediaType, widthPixels: size.width, heightPixels: size.height });
    }
  });

  test.each<readonly [string, string]>([
    ['GIF', 'GIF89a\x01\0\x01\0\0\0\0;'],
    ['BMP', 'BM\x3a\0\0\0\0\0\0\0\x36\0\0\0\x28\0\0\0\x01\0\0\0\x01\0\0\0'],
    ['TIFF', 'II*\0\x08\0\0\0\0\0\0\0'],
    ['AVIF', '\0\0\0\x20ftypavif\0\0\0\0avifmif1miafMA1B'],
    ['HEIC', '\0\0\0\x18ftypheic\0\0\0\0mif1heic'],
    ['HEIC', '\0\0\0\x18ftypmif1\0\0\0\0mif1heic'],
    ['JPEG XL', '\xff\x0a\xfa\x1f'],
    ['SVG', '<svg xmlns="http://www.w3.org/2000/svg"/>'],
    ['PDF', '%PDF-1.7\n'],
  ])('%s is refused by its name', (name, latin1) => {
    expect(refusal(Buffer.from(latin1, 'latin1'))).toBe(`screenshot is ${name}; it must be a WebP, PNG or JPEG image`);
  });

  test.each<readonly [string, Buffer]>([
    ['text', Buffer.from('this is certainly no picture of anything')],
    ['one byte', Buffer.from([0x89])],
    ['zeros', Buffer.alloc(1000)],
    ['half a PNG signature', pngHeader(full).subarray(0, 6)],
    ['RIFF that is not WebP', Buffer.from('RIFF\x24\0\0\0WAVEfmt ', 'latin1')],
  ])('%s is no image', (_name, bytes) => {
    expect(refusal(bytes)).toBe('screenshot must be base64 of a WebP, PNG or JPEG image');
  });

  test.each<readonly [string, string, Buffer]>([
    ['PNG', 'PNG', pngHeader(full)],
    ['JPEG', 'JPEG', jpeg(full, { segments: [exif] }).subarray(0, 60_200)],
    ['lossy WebP', 'WebP', webpLossy(full).subarray(0, 30)],
    ['lossless WebP', 'WebP', webpLossless(full).subarray(0, 25)],
    ['extended WebP', 'WebP', webpExtended(full).subarray(0, 30)],
  ])('a %s that is cut off before its size is refused', (_name, format, bytes) => {
    const readable =
      bytes.length - [...bytes.keys()].toReversed().findIndex((cut) => 'errorCode' in check(bytes.subarray(0, cut)));
    for (const cut of [12, 13, 16, 20, 23]) {
      expect(refusal(bytes.subarray(0, cut))).toBe(`screenshot is a ${format} image whose header is cut off or broken`);
    }
    expect(readable).toBeGreaterThan(23);
  });
});

describe('size', () => {
  test('40 megapixels are taken, one row more is refused with width × height', () => {
    expect(check(pngHeader({ width: 8000, height: 5000 }))).toMatchObject({ widthPixels: 8000, heightPixels: 5000 });
    expect(refusal(pngHeader({ width: 8000, height: 5001 }))).toBe(
      'screenshot has 8000 × 5001 pixels; at most 40000000 pixels (40 megapixels) are accepted',
    );
  });

  test.each([
    pngHeader({ width: 0xffffffff, height: 0xffffffff }),
    pngHeader({ width: 2 ** 31 - 1, height: 1 }),
    jpeg({ width: 65_535, height: 1000 }, { components: 3 }),
    webpLossy({ width: 16_383, height: 16_383 }),
    webpLossless({ width: 16_384, height: 16_384 }),
    webpExtended({ width: 2 ** 24, height: 2 ** 24 }),
  ])('the largest that a header can tell is refused (%#)', (bytes) => {
    expect(refusal(bytes)).toContain('40 megapixels');
  });

  test.each([
    pngHeader({ width: 0, height: 10 }),
    pngHeader({ width: 10, height: 0 }),
    // A JPEG may tell its height at its end (DNL); no encoder of screenshots does.
    jpeg({ width: 10, height: 0 }),
    webpLossy({ width: 0, height: 10 }),
  ])('an image without pixels is refused (%#)', (bytes) => {
    expect(refusal(bytes)).toMatch(/^screenshot has (0 × 10|10 × 0) pixels/);
  });

  test('the decoded size counts: at the bound it is taken, one byte more is refused, whatever padding or prefix', () => {
    for (const extra of [0, 1, 2]) {
      const image = Buffer.concat([png(full), Buffer.alloc(extra)]);
      for (const prefix of ['', 'data:image/png;base64,']) {
        const text = prefix + image.toString('base64');
        expect(check(text, image.length)).toMatchObject({ widthPixels: 1920 });
        expect(refusal(text, image.length - 1)).toBe(
          `screenshot has ${image.length} bytes; at most ${image.length - 1} are accepted (SCREENSHOT_MAX_BYTES)`,
        );
      }
    }
  });
});

describe('base64', () => {
  const image = png(full);
  const text = image.toString('base64');

  test.each<readonly [string, string]>([
    ['lines of 76 with CRLF', `${text.replace(/.{76}/g, '$&\r\n')}\r\n`],
    ['lines of 64 with LF', `${text.replace(/.{64}/g, '$&\n')}\n`],
    ['indented lines', text.replace(/.{76}/g, '\t$&\n')],
    ['no padding', text.replace(/=+$/, '')],
    ['the URL-safe alphabet', image.toString('base64url')],
    ['white space around it', `  \n${text} \r\n\t`],
    ['a data URL', `data:image/png;base64,${text}`],
    ['a data URL in capitals', `DATA:IMAGE/PNG;BASE64,${text}`],
    ['a data URL of the wrong type', `data:image/webp;base64,${text}`],
    ['a data URL without a type', `data:;base64,${text}`],
    ['a data URL with parameters', `data:image/png;name=screen.png;charset=utf-8;base64,${text}`],
  ])('%s is taken', (_name, given) => {
    expectTaken(check(given), image, { mediaType: 'image/png', widthPixels: 1920, heightPixels: 1080 });
  });

  test.each<readonly [string, string]>([
    ['an exclamation mark', `${text.slice(0, 40)}!${text.slice(41)}`],
    ['a NUL', `${text.slice(0, 40)}\0${text.slice(41)}`],
    ['a form feed', `${text.slice(0, 40)}\f${text.slice(41)}`],
    ['a letter with an accent', `${text.slice(0, 40)}é${text.slice(41)}`],
    ['a letter whose low byte is of the alphabet', `${text.slice(0, 40)}Ł${text.slice(41)}`],
    ['an emoji', `${text.slice(0, 40)}😀${text.slice(42)}`],
    ['a byte order mark', `\ufeff${text}`],
    ['a lone surrogate', `${text.slice(0, 40)}\ud800${text.slice(41)}`],
    ['an equals sign inside', `${text.slice(0, 40)}=${text.slice(41)}`],
    ['padding inside', `${text.slice(0, 40)}==${text.slice(42)}`],
    ['two texts in a row', 'AAAA====AAAA'],
    ['quotes around it', `"${text}"`],
    ['percent signs', encodeURIComponent(`${text}+/`)],
    ['another data URL inside', `data:image/png;base64,data:image/png;base64,${text}`],
    ['a word', 'constructor!'],
  ])('%s is not base64', (_name, given) => {
    expect(refusal(given)).toMatch(/^screenshot is not base64: it .*has characters outside the base64 alphabet$/);
  });

  test.each(['AAAA=', 'AAA==', 'AA=', 'AA===', '=', '==', '===', 'AAAA\n='])('%j: padding is wrong', (given) => {
    expect(refusal(given)).toBe('screenshot is not base64: its padding is wrong');
  });

  test.each(['AAAAA', 'AAAA====', 'A='])('%j: a character is left over', (given) => {
    expect(refusal(given)).toBe(
      'screenshot is not base64: it is cut off, or has characters outside the base64 alphabet',
    );
  });

  test.each(['data:image/png,%89PNG', 'data:image/png', 'data:', 'data:;base64', 'data:image/png;utf8,iVBORw0KGgo='])(
    '%s is a data URL without base64',
    (given) => {
      expect(refusal(given)).toBe('screenshot is a data URL without ";base64,"; send base64');
    },
  );

  test.each(['', ' ', '\n\n', 'data:image/png;base64,'])('%j has no image', (given) => {
    expect(refusal(given)).toBe('screenshot must be base64 of a WebP, PNG or JPEG image');
  });

  test('the image stands in memory of its own: it pins neither the text nor a slab of the pool', () => {
    const checked = check(text);
    if ('errorCode' in checked) throw new Error(checked.message);
    expect(checked.bytes.buffer.byteLength).toBe(image.length);
  });
});

describe('any input', () => {
  /** RFC 4648 as a regular expression, with the white space and the missing padding that are taken. */
  const isBase64 = (text: string) => {
    const digits = text.replace(/[ \t\r\n]/g, '');
    return (
      /^[\w+/-]*={0,2}$/.test(digits) &&
      (digits.endsWith('=') ? digits.length % 4 === 0 : digits.length % 4 !== 1) &&
      /^[\0-\x7f]*$/.test(digits)
    );
  };
  const characters = fc.constantFrom(...'AZaz09+/-_== \n\r\t!\0.,%é', 'Ł', '￿', '\ud800');

  test('is base64 exactly if a regular expression says so', () => {
    fc.assert(
      fc.property(fc.array(characters, { maxLength: 40 }), (parts) => {
        const text = parts.join('');
        fc.pre(!text.toLowerCase().startsWith('data:'));
        expect(!refusal(text).startsWith('screenshot is not base64')).toBe(isBase64(text));
      }),
      { numRuns: runs(3000) },
    );
  });

  test('gives an answer and never throws: text of any kind', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (text) => {
        expect(refusal(text)).not.toBe('');
      }),
      { numRuns: runs(1000) },
    );
  });

  test.each(['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'prototype'])(
    '%s is refused like any word',
    (word) => {
      refusal(word);
      refusal(`data:${word};base64,${word}`);
    },
  );

  const corpus = [
    png({ width: 3, height: 2 }),
    jpeg({ width: 9, height: 17 }, { segments: [exifWithThumbnail] }),
    jpeg({ width: 9, height: 17 }, { isProgressive: true, components: 3 }),
    webpLossy(full),
    webpLossless(full),
    webpExtended(full),
  ];

  test('an image with any bytes changed, cut or put in is taken with a size in bounds, or refused; it never throws', () => {
    const edit = fc.record({
      at: fc.nat(),
      byte: fc.constantFrom(0, 1, 2, 0x7f, 0xc0, 0xd8, 0xda, 0xff),
      remove: fc.nat(9),
    });
    fc.assert(
      fc.property(
        fc.constantFrom(...corpus),
        fc.array(edit, { minLength: 1, maxLength: 12 }),
        fc.nat(),
        (image, edits, cut) => {
          const bytes = [...image];
          for (const { at, byte, remove } of edits) bytes.splice(at % Math.min(64, bytes.length), remove, byte);
          const checked = check(Buffer.from(bytes.slice(0, 12 + (cut % bytes.length))));
          if ('errorCode' in checked) return;
          expect(checked.widthPixels * checked.heightPixels).toBeLessThanOrEqual(40_000_000);
          expect(Math.min(checked.widthPixels, checked.heightPixels)).toBeGreaterThanOrEqual(1);
        },
      ),
      { numRuns: runs(3000) },
    );
  });

  test('every single cut of an image is taken or refused, never thrown at', () => {
    for (const image of corpus) {
      for (let cut = 0; cut < image.length; cut += 1) check(image.subarray(0, cut));
    }
  });

  test('what a refusal says holds nothing of what was sent', () => {
    const secret = 'c2VjcmV0';
    for (const given of [secret, `data:${secret},${secret}`, `data:image/${secret};base64,${secret}`, `${secret}!`]) {
      expect(refusal(given)).not.toContain(secret);
    }
  });
});

describe('ten megabytes', () => {
  const size = 10_000_000;
  const filled = (start: string, fill: readonly number[]) => {
    const bytes = Buffer.alloc(size, Buffer.from(fill));
    bytes.write(start, 'latin1');
    return bytes.toString('base64');
  };
  const shot = filled(pngHeader(full).toString('latin1'), [7]);

  // Each takes 5 to 60 ms; anything but linear would take minutes.
  test.each<readonly [string, () => string]>([
    ['a PNG', () => shot],
    ['in lines', () => shot.replace(/.{76}/g, '$&\r\n')],
    ['with a wrong character at the end', () => `${shot.slice(0, -8)}!!!!!!!!`],
    ['of white space', () => ' '.repeat(16_000_000)],
    ['of padding', () => '='.repeat(16_000_000)],
    ['of line breaks behind an image', () => `${png(full).toString('base64')}${'\n'.repeat(15_000_000)}`],
    ['of wide characters', () => 'Ł'.repeat(8_000_000)],
    ['of JPEG fill bytes', () => filled('\xff\xd8', [0xff])],
    ['of JPEG segments without length', () => filled('\xff\xd8', [0xff, 0xe1, 0, 0])],
    ['of empty JPEG segments', () => filled('\xff\xd8', [0xff, 0xe1, 0, 2])],
    ['of JPEG markers', () => filled('\xff\xd8', [0xff, 0x01])],
    ['of WebP chunks', () => filled('RIFF\xff\xff\xff\xffWEBPVP8X', [0])],
    ['of AVIF boxes', () => filled('\0\0\0\x0cftypavif', [0, 0, 0, 8, 0x66, 0x72, 0x65, 0x65])],
    ['of a data URL header', () => `data:${'x'.repeat(14_000_000)}`],
  ])('%s are looked at in linear time', (_name, make) => {
    const given = make();
    const elapsedMs = startStopwatch();
    check(given);
    expect(elapsedMs()).toBeLessThan(2_000);
  });
});
