/** Screenshots over the wire: what is taken and what is refused, by an engine that says what it got. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ask, connect, type TestClient } from '../../support/client.ts';
import { jpeg, png, pngHeader, webpExtended, webpLossless, webpLossy } from '../../support/images.ts';
import { runCli } from '../../support/run-cli.ts';
import { startServer } from '../../support/server.ts';
import type { TestServer } from '../../support/test-server.ts';
import { expectErrorBeforeData, expectGoodEnd } from './outcomes.ts';

const size = { width: 1280, height: 720 };
const prompt = 'What is on my screen?';
const refused = { code: 'INVALID_ARGUMENT', errorType: 'invalid_screenshot' };

let server: TestServer;
let client: TestClient;
beforeAll(async () => {
  server = await startServer({
    // The embedded answerer, which tells of a screenshot, with a voice that costs nothing.
    scenario: { answers: [], speech: { chunks_per_sentence: 1 } },
    env: { ANSWER_ENGINE: 'embedded', SCREENSHOT_MAX_BYTES: '200000' },
  });
  client = connect(server.grpcPort);
});
afterAll(() => client.close());

describe('a screenshot', () => {
  test.each([
    ['PNG', png(size)],
    ['JPEG', jpeg(size)],
    ['WebP', webpLossy(size)],
    ['WebP', webpLossless(size)],
    ['WebP', webpExtended(size)],
  ])('of %s reaches the engine with its type and size (%#)', async (format, image) => {
    for (const prefix of ['', 'data:image/gif;base64,']) {
      const outcome = await ask(client, { prompt, screenshot: prefix + image.toString('base64') });
      expectGoodEnd(outcome);
      expect(outcome.text).toMatch(new RegExp(`^Your screenshot is here: ${format}, 1280 by 720 pixels, \\d+ `));
    }
  });

  test('that is empty counts as absent', async () => {
    const outcome = await ask(client, { prompt, screenshot: '' });
    expectGoodEnd(outcome);
    expect(outcome.text).toMatch(/^I cannot see pictures/);
  });
});

describe('INVALID_ARGUMENT/invalid_screenshot', () => {
  test.each<readonly [string, string, string]>([
    [
      'one byte too many',
      Buffer.concat([pngHeader(size), Buffer.alloc(200_001 - pngHeader(size).length)]).toString('base64'),
      'screenshot has 200001 bytes; at most 200000 are accepted (SCREENSHOT_MAX_BYTES)',
    ],
    [
      '41 megapixels',
      pngHeader({ width: 8200, height: 5000 }).toString('base64'),
      'screenshot has 8200 × 5000 pixels; at most 40000000 pixels (40 megapixels) are accepted',
    ],
    [
      'another format',
      Buffer.from('GIF89a\x01\0\x01\0', 'latin1').toString('base64'),
      'screenshot is GIF; it must be a WebP, PNG or JPEG image',
    ],
    ['no image', 'bm90IGFuIGltYWdl', 'screenshot must be base64 of a WebP, PNG or JPEG image'],
    ['no base64', '{"not": "base64"}', 'screenshot is not base64: it has characters outside the base64 alphabet'],
    ['letters of another script', 'ŁŁŁŁ', 'screenshot is not base64: it has characters outside the base64 alphabet'],
    [
      'a data URL of another encoding',
      'data:image/svg+xml;utf8,<svg/>',
      'screenshot is a data URL without ";base64,"; send base64',
    ],
    [
      'half a header',
      pngHeader(size).subarray(0, 20).toString('base64'),
      'screenshot is a PNG image whose header is cut off or broken',
    ],
  ])('%s', async (_name, screenshot, details) => {
    expectErrorBeforeData(await ask(client, { prompt, screenshot }), { ...refused, details });
  });

  test('is counted, holds no slot, and the next call is good', async () => {
    const status = await server.status();
    expect(status.rejected.invalid_screenshot).toBeGreaterThan(0);
    expect(status.active_streams).toBe(0);
    expectGoodEnd(await ask(client, { prompt, screenshot: png(size).toString('base64') }));
  });
});

describe('recital ask --screenshot FILE', () => {
  const folder = mkdtempSync(join(tmpdir(), 'recital-shot-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  const look = (name: string, content: Buffer) => {
    const file = join(folder, name);
    writeFileSync(file, content);
    return runCli(['ask', prompt, '--json', '--server', `127.0.0.1:${server.grpcPort}`, '--screenshot', file]);
  };

  test('shows the image', async () => {
    const { stdout, exitCode } = await look('screen.jpg', jpeg(size));
    expect(stdout).toContain('JPEG, 1280 by 720 pixels');
    expect(exitCode).toBe(0);
  });

  test.each<readonly [string, Buffer, number, string]>([
    [
      'screen.gif',
      Buffer.from('GIF89a\x01\0\x01\0', 'latin1'),
      1,
      'screenshot is GIF; it must be a WebP, PNG or JPEG image',
    ],
    ['notes.txt', Buffer.from('no image at all'), 1, 'screenshot must be base64 of a WebP, PNG or JPEG image'],
    [
      'large.png',
      png({ width: 500, height: 500 }, { noise: true }),
      1,
      'at most 200000 are accepted (SCREENSHOT_MAX_BYTES)',
    ],
    ['empty.png', Buffer.alloc(0), 2, "empty.png can't be read: it is empty"],
  ])('says what is wrong with %s', async (name, content, code, words) => {
    const { stdout, stderr, exitCode } = await look(name, content);
    expect(stdout + stderr).toContain(words);
    expect(exitCode).toBe(code);
  });
});
