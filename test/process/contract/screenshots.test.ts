/** CONTRACT §1 and §2, screenshots: what is taken, what is refused, in a COMMIT and in a COLLECT alike. */
import { randomUUID } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { ask } from '../../support/client.ts';
import { expectSeen, type StreamRow, says } from '../../support/contract/contract-rows.ts';
import { served } from '../../support/contract/served.ts';
import { jpeg, png, pngHeader, webpExtended, webpLossless, webpLossy } from '../../support/images.ts';

const MAX_BYTES = 200_000;
const its = served({
  scenario: { answers: [{ when: '', steps: says('I see.') }], speech: { chunks_per_sentence: 1 } },
  env: { SCREENSHOT_MAX_BYTES: String(MAX_BYTES), LOG_LEVEL: 'trace' },
});

const size = { width: 64, height: 48 };
const base64 = (bytes: Buffer) => bytes.toString('base64');
const padded = (bytes: number) => base64(Buffer.concat([pngHeader(size)], bytes));
const seen = { frames: 'text audio end', code: 'OK' };
const refused = { frames: 'error', code: 'INVALID_ARGUMENT', errorType: 'invalid_screenshot' };

const rows: readonly (readonly [sentence: string, screenshot: string, expected: StreamRow['expect']])[] = [
  ['screenshot (base64 image) [: PNG]', base64(png(size)), seen],
  ['screenshot (base64 image) [: JPEG]', base64(jpeg(size)), seen],
  ['screenshot (base64 image) [: WebP, lossy]', base64(webpLossy(size)), seen],
  ['screenshot (base64 image) [: WebP, lossless]', base64(webpLossless(size)), seen],
  ['screenshot (base64 image) [: WebP, extended]', base64(webpExtended(size)), seen],
  ['[with the prefix of a data URL]', `data:image/png;base64,${base64(png(size))}`, seen],
  ['[in lines, as some encoders write it]', base64(png(size)).replace(/.{76}/g, '$&\r\n'), seen],
  ['an empty screenshot counts as absent', '', seen],
  ['screenshots up to SCREENSHOT_MAX_BYTES decoded [: exactly]', padded(MAX_BYTES), seen],
  ['screenshots up to SCREENSHOT_MAX_BYTES decoded [: one byte more]', padded(MAX_BYTES + 1), refused],
  ['[not base64]', 'what is this?', refused],
  ['[base64 of no image]', base64(Buffer.from('hello there')), refused],
  ['[an image of another kind]', base64(Buffer.from('GIF89a\x01\x00\x01\x00\x00\x00\x00', 'latin1')), refused],
  ['[a header that is cut off]', base64(pngHeader(size).subarray(0, 20)), refused],
  ['[more than 40 megapixels]', base64(pngHeader({ width: 40_000, height: 1_001 })), refused],
  ['[a width of 0]', base64(pngHeader({ width: 0, height: 10 })), refused],
];

describe('in a COMMIT', () => {
  test.concurrent.each(rows)('%s', async (_, screenshot, expected) => {
    expectSeen(
      await ask(its.client, { prompt: 'What is it?', screenshot, screen_width: 64, screen_height: 48 }),
      expected,
    );
  });
});

describe('in a COLLECT', () => {
  test.concurrent.each(rows)('%s', async (_, screenshot, expected) => {
    const outcome = await ask(its.client, { phase: 1, chunk_seq: 1, screenshot, session_id: randomUUID() });
    expectSeen(outcome, expected === seen ? { frames: 'end', code: 'OK' } : expected);
  });
});

describe('in the log', () => {
  test('[no screenshot, at no level]', () => {
    const log = JSON.stringify(its.server.logs);
    for (const [, screenshot] of rows.filter(([, each]) => each.length > 20)) {
      expect(log).not.toContain(screenshot.slice(-40, -10));
    }
  });
});
