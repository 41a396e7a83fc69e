/** The harness itself: what the other files of this folder rely on without saying it. */
import { createServer } from 'node:http';
import { describe, expect, test } from 'vitest';
import { openBackgroundTab } from '../support/browser/background-tab.ts';
import { findChromium } from '../support/browser/chromium.ts';
import { openPage } from '../support/browser/inspected-page.ts';
import { atEndOfFile } from '../support/end-of-file.ts';

/** Serves one page under the inspector's content security policy, and the URL of it. */
async function serve(html: string): Promise<string> {
  const policy = "default-src 'none'; script-src 'self'; connect-src 'self'";
  const server = createServer(({ url }, response) => {
    if (url === '/')
      response.setHeader('content-security-policy', policy).setHeader('content-type', 'text/html').end(html);
    else if (url === '/fault.js')
      response.setHeader('content-type', 'text/javascript').end('throw new Error("planted")');
    else if (url === '/elsewhere.js')
      response.setHeader('content-type', 'text/javascript').end('fetch("http://127.0.0.2:9/").catch(() => {})');
    else response.writeHead(url === '/favicon.ico' ? 204 : 404).end();
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  atEndOfFile(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  return `http://127.0.0.1:${address !== null && typeof address === 'object' ? address.port : 0}/`;
}

describe('where no Chromium is installed', () => {
  test('a machine of a person has none, and says so', () => {
    expect(findChromium({}, ['/nowhere/chromium'])).toBeNull();
  });

  test('CI fails in words', () => {
    expect(() => findChromium({ CI: 'true' }, ['/nowhere/chromium'])).toThrow('apt install chromium');
  });

  test('a CHROMIUM that is none is a fault that names it', () => {
    expect(() => findChromium({ CHROMIUM: '/nowhere/chromium' })).toThrow('CHROMIUM=/nowhere/chromium');
  });
});

const faulty = [
  { what: 'an exception', html: '<script type="module" src="fault.js"></script>', fault: /^exception: Error: planted/ },
  {
    what: 'an inline script',
    html: '<script>document.title = "ran"</script>',
    fault: /^console: (CSP script-src-elem|.* inline script)/,
  },
  {
    what: 'a request to another origin',
    html: '<script type="module" src="elsewhere.js"></script>',
    fault: /127\.0\.0\.2/,
  },
] as const;

describe.each(faulty)('a page that does what it must not: $what', ({ html, fault }) => {
  test.fails('it fails its test', async () => {
    const page = await openPage(await serve(html));
    await page.waitForLoadState('networkidle');
  });

  test('a test that expects it passes', async () => {
    const page = await openPage(await serve(html), { expectedFaults: [fault] });
    await page.waitForLoadState('networkidle');
  });
});

test('a page without a fault passes', async () => {
  const page = await openPage(await serve('<title>good</title>'));
  expect(await page.title()).toBe('good');
});

test('a background tab is told that nobody sees it, and that somebody does again', async () => {
  const tab = await openBackgroundTab(await serve('<title>good</title>'));
  await expect.poll(() => tab.evaluate('document.title + document.visibilityState')).toBe('goodvisible');
  await tab.hide();
  await expect.poll(() => tab.evaluate('document.visibilityState')).toBe('hidden');
  await tab.show();
  await expect.poll(() => tab.evaluate('document.visibilityState')).toBe('visible');
  await tab.close();
});
