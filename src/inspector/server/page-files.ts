/**
 * The files of the inspector's page, as the build made them: read once, into a table. A request is answered from the table or not at all,
 * so that no path leads to anything else on the disk.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { wordsOf } from '../../errors.ts';

export interface PageFile {
  readonly bytes: Uint8Array;
  readonly headers: Readonly<Record<string, string>>;
}

const policy = [
  "default-src 'none'",
  "script-src 'self'",
  "worker-src 'self'",
  "style-src 'self'",
  "connect-src 'self'",
  "frame-ancestors 'none'",
  "base-uri 'none'",
].join('; ');

/** A worker has the policy of its own script's answer: it stands on every file. */
const guards = {
  'content-security-policy': policy,
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
} as const;

const contentTypes: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.json': 'application/json; charset=utf-8',
  '.map': 'application/json; charset=utf-8',
};

/** Where the build puts the page, seen from src/ and from dist/. */
function builtPage(): URL {
  return new URL(import.meta.url.endsWith('.js') ? '../' : '../../../dist/inspector/', import.meta.url);
}

const SAVED_PAGE = 'saved-page.html';

/** The files by their paths below /inspect/; `` is the page itself. Throws where the page was not built. */
export function readPageFiles(folder: URL = builtPage()): ReadonlyMap<string, PageFile> {
  try {
    const index = readFileSync(new URL('index.html', folder));
    const page: PageFile = { bytes: index, headers: headersOf('index.html', 'no-store') };
    // What a session is saved in: fetched by the page, which puts the log into it.
    const saved: PageFile = { bytes: readFileSync(new URL(SAVED_PAGE, folder)), headers: page.headers };
    const files = new Map([
      ['', page],
      [SAVED_PAGE, saved],
    ]);
    const assets = new URL('assets/', folder);
    for (const name of readdirSync(assets)) {
      // Their names have the hash of what is in them.
      const headers = headersOf(name, 'public, max-age=31536000, immutable');
      files.set(`assets/${name}`, { bytes: readFileSync(new URL(encodeURIComponent(name), assets)), headers });
    }
    return files;
  } catch (error) {
    const words = `INSPECTOR is on, and its page can't be read from ${fileURLToPath(folder)}: ${wordsOf(error)}`;
    throw new Error(`${words}; npm run build makes it`, { cause: error });
  }
}

function headersOf(name: string, cacheControl: string): Readonly<Record<string, string>> {
  const contentType = contentTypes[extname(name)] ?? 'application/octet-stream';
  return { ...guards, 'content-type': contentType, 'cache-control': cacheControl };
}
