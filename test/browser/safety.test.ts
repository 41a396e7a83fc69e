/** What the page does with what is hostile, and who else may have what it shows. */
import { createServer, request } from 'node:http';
import { beforeAll, describe, expect, test } from 'vitest';
import { pageOfFiles } from '../support/browser/file-page.ts';
import { openPage } from '../support/browser/inspected-page.ts';
import { type InspectedServer, say, startInspected, testToken } from '../support/browser/inspected-server.ts';
import { chooseFiles, openSession, rowOf, turnShown } from '../support/browser/inspector-tab.ts';
import { atEndOfFile } from '../support/end-of-file.ts';
import { madeLog } from '../support/replay/made-log.ts';

let server: InspectedServer;
beforeAll(async () => {
  server = await startInspected();
});

const hostileIds = {
  'an element': '<img/src=x/onerror=document.title="pwned">',
  'the end of a script': '</script><script>document.title="pwned"</script>',
  'quotes and a backslash': `'"\\'"\`\${document.title}]`,
  'a URL': 'javascript:document.title="pwned"',
  'what a fragment is made of': '#token=x&session=y&turn=1%00%0A+/?',
  '128 characters': `${'W'.repeat(127)}.`,
} as const;

describe.each(Object.entries(hostileIds))('an id that is %s', (_what, id) => {
  test('is text in the list, in the head of its session and in the address, and reload finds it', async () => {
    const page = await openPage(server.pageUrl);
    const title = await page.title();
    const { call, outcome } = say(server, id, 'hang');
    await openSession(page, id);
    expect(await rowOf(page, id).innerText()).toContain(id.slice(0, 12));
    await page.reload();
    await page.locator('[data-turn] [data-state][aria-current="true"]').first().waitFor();
    // It stands in the title as it is; none that ran has set another one.
    expect(await page.title()).toBe(`${id} · ${title}`);
    expect(await page.locator('img, body script:not([src]), iframe').count()).toBe(0);
    call.cancel();
    await outcome;
  });
});

test('words of a failure are text: an element, the end of a script, a right-to-left override that reorders nothing around it', async () => {
  const message = '<img src=x onerror="document.title=1">\u202egnp.exe</script>';
  const failed = {
    type: 'answer.failed',
    failure: { errorCode: 'UNAVAILABLE', errorType: 'answer_failed', message },
  } as const;
  const text = madeLog({
    events: [
      [2, { type: 'request.received', prompt: '<b>Xxxx</b> \u202e xx?' }],
      [9, failed],
    ],
    sessionId: '\u202e<img src=x onerror=alert(1)>',
    hardwareId: '<svg onload=alert(1)>',
  });
  const page = await pageOfFiles();
  await chooseFiles(page, [{ name: '<img src=x onerror=alert(1)>\u202e.jsonl', text }]);
  await turnShown(page, 2);
  await page.getByText('<img src=x onerror').first().waitFor();
  await page.getByText('exe</script>').first().waitFor();
  expect(await page.locator('img, body script:not([src]), iframe').count()).toBe(0);
  expect(await page.title()).not.toBe('1');
  // Every text that holds the override stands in an element of its own that keeps its direction to itself.
  const leaks = await page.evaluate(() => {
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    const found: string[] = [];
    for (let node = walker.nextNode(); node !== null; node = walker.nextNode()) {
      if (node.textContent?.includes('\u202e') !== true || node.parentElement === null) continue;
      const { unicodeBidi, display } = getComputedStyle(node.parentElement);
      if (!/isolate|plaintext/.test(unicodeBidi) && !/block|flex|grid/.test(display)) found.push(node.textContent);
    }
    return found;
  });
  expect(leaks).toEqual([]);
});

describe('who may have the data', () => {
  interface Asked {
    readonly headers: Readonly<Record<string, string>>;
    readonly path?: string;
  }
  const ask = ({ headers, path = '/inspect/api/feed?list=1' }: Asked) =>
    new Promise<{ status: number; text: string }>((resolve, reject) => {
      const asked = request({ host: '127.0.0.1', port: server.httpPort, path, headers }, (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (part) => {
          text += part;
          // A feed that is granted does not end by itself.
          if (response.statusCode === 200) asked.destroy();
        });
        response.once('close', () => resolve({ status: response.statusCode ?? 0, text }));
      });
      asked.once('error', reject).end();
    });
  const authorization = `Bearer ${testToken}`;

  test('the token opens the feed', async () => {
    const { status, text } = await ask({ headers: { authorization } });
    expect(status).toBe(200);
    expect(text).toContain('"kind":"hello"');
  });

  test.each([
    ['no token', 401, {}],
    ['a wrong token', 401, { authorization: `Bearer ${testToken}x` }],
    ['the token in another scheme', 401, { authorization: `Basic ${testToken}` }],
    ['a foreign Host', 403, { authorization, host: 'rebound.example:80' }],
    ['a foreign Origin', 403, { authorization, origin: 'http://evil.example' }],
    ['the Origin of a sandbox', 403, { authorization, origin: 'null' }],
    ['a request of another site', 403, { authorization, 'sec-fetch-site': 'cross-site' }],
    ['a request of another port', 403, { authorization, 'sec-fetch-site': 'same-site' }],
  ])('%s is refused, and gets no data', async (_what, expected, headers) => {
    const { status, text } = await ask({ headers });
    expect(status).toBe(expected);
    expect(text).not.toContain('"kind"');
  });

  test('a page of another origin gets nothing, whatever it tries, the token included', async () => {
    const attacker = createServer((_request, response) => {
      response.setHeader('content-type', 'text/html').end('<title>attacker</title>');
    });
    await new Promise<void>((listening) => attacker.listen(0, '127.0.0.1', listening));
    atEndOfFile(() => {
      attacker.closeAllConnections();
      attacker.close();
    });
    const address = attacker.address();
    const port = address !== null && typeof address === 'object' ? address.port : 0;
    const page = await openPage(`http://127.0.0.1:${port}/`, { expectedFaults: [/./] });
    const got = await page.evaluate(
      async ({ base, bearer }) => {
        const feed = `${base}/inspect/api/feed?list=1`;
        const attempt = async (init: RequestInit) => {
          try {
            const response = await fetch(feed, init);
            return response.type === 'opaque' ? 'opaque' : await response.text();
          } catch {
            return 'refused';
          }
        };
        const frame = document.createElement('iframe');
        frame.src = `${base}/inspect/#token=${bearer.slice('Bearer '.length)}`;
        document.body.append(frame);
        await new Promise((loaded) => frame.addEventListener('load', loaded));
        let framed = 'no document of it can be reached';
        try {
          framed = frame.contentDocument?.body.innerText ?? framed;
        } catch {}
        return [
          await attempt({ headers: { authorization: bearer } }),
          await attempt({}),
          await attempt({ mode: 'no-cors', credentials: 'include' }),
          framed,
        ];
      },
      { base: `http://127.0.0.1:${server.httpPort}`, bearer: authorization },
    );
    expect(got).toEqual(['refused', 'refused', 'refused', 'no document of it can be reached']);
  });

  test('the page with a wrong token says so, shows no session, and does not ask on and on', async () => {
    const wrong = server.pageUrl.replace(testToken, `${testToken}-wrong`);
    const page = await openPage(wrong, { expectedFaults: [/401/] });
    await page.getByText(/token/i).first().waitFor();
    expect(await page.locator('[data-session]').count()).toBe(0);
  });
});
