/**
 * Who gets anything out of the inspector's server: everything under /inspect/api/ wants a name of this server, no foreign page and the
 * token, in that order, whatever is asked for and how; the page itself has no data and needs none.
 */
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { beforeAll, describe, expect, test } from 'vitest';
import { startServer } from '../../support/server.ts';
import type { TestServer } from '../../support/test-server.ts';

const TOKEN = 'a-token-of-this-test';
let server: TestServer;
beforeAll(async () => {
  server = await startServer({
    env: { INSPECTOR: 'on', INSPECTOR_TOKEN: TOKEN, HTTP_ALLOWED_HOSTS: '*, named.example' },
  });
});

interface Answer {
  readonly status: number;
  readonly head: string;
  readonly body: string;
}

/** A request by hand. */
async function ask(head: string): Promise<Answer> {
  const socket = connect(server.httpPort, '127.0.0.1');
  socket.on('error', () => {});
  socket.write(
    `${head.replaceAll('PORT', String(server.httpPort)).split('\n').join('\r\n')}\r\nConnection: close\r\n\r\n`,
  );
  const answer = await text(socket);
  const [top = '', body = ''] = answer.split('\r\n\r\n');
  return { status: Number(top.split(' ')[1]), head: top.toLowerCase(), body };
}

const good = `Host: 127.0.0.1:PORT\nAuthorization: Bearer ${TOKEN}`;
/** Nobody who may not have it learns that there is a session, a version or a path. */
function expectNothingIn({ body }: Answer): void {
  expect(Object.keys(JSON.parse(body))).toEqual(['error']);
  expect(body).not.toContain(TOKEN);
}

const targets = [
  'GET /inspect/api/ended',
  'HEAD /inspect/api/ended',
  'POST /inspect/api/try',
  'PUT /inspect/api/feed',
  'DELETE /inspect/api/logs/supervisor',
  'OPTIONS /inspect/api/feed',
  'TRACE /inspect/api/feed',
  'GET /inspect/api',
  'GET /inspect/api/',
  'GET /inspect/api/nothing',
  'GET /inspect/api/logs/../../../../etc/passwd',
  'GET /inspect/api/%2e%2e/%2e%2e/etc/passwd',
  'GET /inspect/%61pi/ended',
  'GET /inspect/./api/ended',
  'GET /inspect//api/ended',
  'GET //inspect/api/ended',
  'GET /inspect%2Fapi%2Fended',
  'GET /inspect/x/../api/ended',
  'GET /INSPECT/API/ended',
  'GET /inspect\\api/ended',
];

describe.each(targets)('%s', (target) => {
  test('wants a Host of this server, and HTTP_ALLOWED_HOSTS=* makes nobody else one', async () => {
    for (const host of ['evil.example', 'evil.example:PORT', 'localhost.evil.example', '10.0.0.1:PORT', '']) {
      const answer = await ask(`${target} HTTP/1.1\nHost: ${host}\nAuthorization: Bearer ${TOKEN}`);
      expect(answer.status).toBe(403);
      if (!target.startsWith('HEAD')) expectNothingIn(answer);
    }
    expect((await ask(`${target} HTTP/1.0\nAuthorization: Bearer ${TOKEN}`)).status).toBe(403);
    expect(
      (await ask(`${target} HTTP/1.1\nHost: 127.0.0.1:PORT\nHost: evil.example\nAuthorization: Bearer ${TOKEN}`))
        .status,
    ).toBe(403);
  });

  test('wants no foreign page before it looks at a token', async () => {
    for (const line of [
      'Origin: http://evil.example',
      'Origin: null',
      'Origin: http://127.0.0.1:1',
      'Origin: http://localhost:PORT',
      'Origin: http://127.0.0.1:PORT.evil.example',
      // Nobody speaks TLS there.
      'Origin: https://127.0.0.1:PORT',
      'Origin: http://127.0.0.1:PORT\nOrigin: http://evil.example',
      'Sec-Fetch-Site: cross-site',
      'Sec-Fetch-Site: same-site',
      'Sec-Fetch-Site: same-origin\nSec-Fetch-Site: cross-site',
    ]) {
      const answer = await ask(`${target} HTTP/1.1\n${good}\n${line}`);
      expect([line, answer.status]).toEqual([line, 403]);
      if (!target.startsWith('HEAD')) expectNothingIn(answer);
    }
  });

  test('wants the token before it looks at the path or the method', async () => {
    for (const line of [
      'Accept: */*',
      'Authorization: Bearer',
      'Authorization: Bearer wrong',
      `Authorization: Bearer ${TOKEN}x`,
      `Authorization: Bearer ${TOKEN.slice(1)}`,
      `Authorization: Basic ${TOKEN}`,
      `Authorization: ${TOKEN}`,
      `Authorization: Bearer ${TOKEN}\nAuthorization: Bearer wrong`,
      `Cookie: token=${TOKEN}`,
    ]) {
      const answer = await ask(`${target} HTTP/1.1\nHost: 127.0.0.1:PORT\n${line}`);
      expect([line, answer.status]).toEqual([line, 401]);
      expect(answer.head).toContain('www-authenticate: bearer');
      if (!target.startsWith('HEAD')) expectNothingIn(answer);
    }
  });
});

test('who is refused and sends on is heard no longer than a second; one whose body ends may ask again', async () => {
  const socket = connect(server.httpPort, '127.0.0.1');
  socket.on('error', () => {});
  const head = 'POST /inspect/api/try HTTP/1.1\r\nHost: localhost\r\n';
  socket.write(`${head}Content-Length: 5\r\n\r\nhello`);
  socket.write(`${head}Transfer-Encoding: chunked\r\n\r\n`);
  const sending = setInterval(() => socket.write('4\r\nmore\r\n'), 20);
  const sentAt = performance.now();
  const answers = await text(socket).catch(() => 'reset');
  clearInterval(sending);
  expect(performance.now() - sentAt).toBeLessThan(5_000);
  expect(answers.match(/HTTP\/1\.1 401/g) ?? answers).toEqual(['HTTP/1.1 401', 'HTTP/1.1 401']);
});

test('the token in an address opens nothing', async () => {
  expect((await ask(`GET /inspect/api/ended?token=${TOKEN} HTTP/1.1\nHost: 127.0.0.1:PORT`)).status).toBe(401);
});

test.each(['127.0.0.1:PORT', 'localhost:PORT', '[::1]:PORT', 'named.example', 'LOCALHOST.'])(
  'with the token, %s is answered, also to a page of that very name',
  async (host) => {
    const head = `GET /inspect/api/ended HTTP/1.1\nHost: ${host}\nAuthorization: Bearer ${TOKEN}`;
    for (const more of ['', `\nOrigin: http://${host}\nSec-Fetch-Site: same-origin`, '\nSec-Fetch-Site: none']) {
      const answer = await ask(head + more);
      expect(answer.status).toBe(200);
      expect(answer.head).not.toContain('access-control');
    }
  },
);

test('requests that come behind a good one in the same connection are asked for everything again', async () => {
  const first = `GET /inspect/api/ended HTTP/1.1\n${good}\n\n`;
  const socket = connect(server.httpPort, '127.0.0.1');
  socket.write(
    `${first}GET /inspect/api/ended HTTP/1.1\nHost: 127.0.0.1:PORT\nConnection: close\n\n`
      .replaceAll('PORT', String(server.httpPort))
      .replaceAll('\n', '\r\n'),
  );
  const answers = await text(socket);
  expect([...answers.matchAll(/HTTP\/1\.1 (\d+)/g)].map(([, status]) => status)).toEqual(['200', '401']);
});

test('there is nothing to upgrade to and nobody to connect to', async () => {
  const upgrade = 'Connection: Upgrade\nUpgrade: websocket\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==';
  const answer = await ask(`GET /inspect/api/feed HTTP/1.1\nHost: 127.0.0.1:PORT\n${upgrade}`);
  expect(answer.status).toBe(401);
  expect((await ask(`CONNECT /inspect/api/feed HTTP/1.1\n${good}`)).status).toBe(405);
});

test('headers beyond 16 KiB are refused by the transport', async () => {
  const answer = await ask(`GET /inspect/api/feed HTTP/1.1\n${good}\nX: ${'x'.repeat(20_000)}`);
  expect(answer.status).toBe(431);
});

test('a target that is a whole URL names the server, too', async () => {
  const head = (authority: string): string => `GET http://${authority}/inspect/api/ended HTTP/1.1\n${good}`;
  expect((await ask(head('127.0.0.1:PORT'))).status).toBe(200);
  expect((await ask(head('evil.example'))).status).toBe(403);
});

test.each([
  ['GET /inspect/api/nothing', 404],
  ['GET /inspect/api/logs/', 404],
  ['GET /inspect/api/logs/a/b', 404],
  ['GET /inspect/api/logs/..%2f..%2fconfig', 404],
  ['GET /inspect/api/logs/%00', 404],
  ['GET /inspect/api/logs/%E0%A4%A', 404],
  ['GET /inspect/api/logs/nobody', 404],
  ['GET /inspect/api/logs/supervisor?from=-1', 400],
  ['GET /inspect/api/logs/supervisor?from=x', 400],
  ['GET /inspect/%61pi/ended', 404],
  ['GET /inspect/./api/ended', 404],
  ['GET /inspect/api/__proto__', 404],
  ['GET /inspect/api/constructor', 404],
  ['POST /inspect/api/feed', 405],
  ['DELETE /inspect/api/logs/supervisor', 405],
  ['GET /inspect/api/try', 405],
  ['POST /inspect/api/try', 403],
  ['GET /inspect/api/ended?before=yesterday', 400],
  ['GET /inspect/api/ended?limit=0', 400],
  ['GET /inspect/api/ended?limit=1e9', 400],
  ['GET /inspect/api/ended?limit=1e2', 400],
  ['GET /inspect/api/ended?limit=', 400],
  ['GET /inspect/api/ended?before=2026-02-31T12:00:00.000Z', 400],
  ['GET /inspect/api/logs/supervisor?from=', 400],
  ['GET /inspect/api/logs/supervisor?from=0x10', 400],
  [`GET /inspect/api/feed?log=${'x'.repeat(129)}`, 400],
  ['GET /inspect/api/feed?list=yes', 400],
  ['GET /inspect/api/feed?log=1&log=2&log=3&log=4&log=5', 400],
  ['HEAD /inspect/api/feed', 200],
  ['HEAD /inspect/api/logs/supervisor', 200],
])('with the token, %s is %i', async (line, status) => {
  const answer = await ask(`${line} HTTP/1.1\n${good}`);
  expect(answer.status).toBe(status);
  if (status === 405) expect(answer.head).toContain('allow: ');
  if (status >= 400) expectNothingIn(answer);
});

describe('the page', () => {
  const policy =
    "content-security-policy: default-src 'none'; script-src 'self'; worker-src 'self'; style-src 'self'; connect-src 'self'; " +
    "frame-ancestors 'none'; base-uri 'none'";

  test('needs no token, is never kept, and its files are kept for good; each carries the policy', async () => {
    const page = await ask('GET /inspect/ HTTP/1.1\nHost: 127.0.0.1:PORT');
    expect(page.status).toBe(200);
    expect(page.body).toContain('<div id="page">');
    expect(page.head).toContain('content-type: text/html');
    expect(page.head).toContain('cache-control: no-store');
    const files = [...page.body.matchAll(/"\.\/(assets\/[^"]+)"/g)].map(([, file]) => file ?? '');
    expect(files.length).toBeGreaterThanOrEqual(2);
    for (const file of files) {
      const answer = await ask(`GET /inspect/${file} HTTP/1.1\nHost: 127.0.0.1:PORT`);
      expect(answer.status).toBe(200);
      expect(answer.head).toContain(file.endsWith('.js') ? 'content-type: text/javascript' : 'content-type: text/css');
      expect(answer.head).toContain('immutable');
    }
    for (const file of ['', ...files]) {
      const { head } = await ask(`HEAD /inspect/${file}?x=1 HTTP/1.1\nHost: 127.0.0.1:PORT`);
      expect(head).toContain(policy);
      for (const line of ['x-content-type-options: nosniff', 'referrer-policy: no-referrer'])
        expect(head).toContain(line);
    }
  });

  test.each([
    ['GET /inspect', 308],
    ['GET /inspect/index.html', 404],
    ['GET /inspect/assets', 404],
    ['GET /inspect/assets/', 404],
    ['GET /inspect/server/access.js', 404],
    ['GET /inspect/assets/../server/access.js', 404],
    ['GET /inspect/..%2f..%2fpackage.json', 404],
    ['GET /inspect/%2e%2e/cli.js', 404],
    ['GET /inspect/assets/%00', 404],
    ['GET /inspect/__proto__', 404],
    ['POST /inspect/', 405],
    ['GET /inspector', 404],
    ['GET /inspect.html', 404],
  ])('%s is %i', async (line, status) => {
    expect((await ask(`${line} HTTP/1.1\nHost: 127.0.0.1:PORT`)).status).toBe(status);
  });

  test('is only for who calls the server by its name', async () => {
    expect((await ask('GET /inspect/ HTTP/1.1\nHost: evil.example')).status).toBe(403);
  });
});

test('its address stands on the ready line, and the token nowhere else', async () => {
  const [ready] = server.logsOf('ready');
  expect(ready?.ctx?.inspector_url).toBe(`http://127.0.0.1:${server.httpPort}/inspect/#token=${TOKEN}`);
  expect(JSON.stringify(await server.status())).not.toContain(TOKEN);
  expect(JSON.stringify(server.logs.filter((line) => line !== ready))).not.toContain(TOKEN);
});

describe('with INSPECTOR=off', () => {
  test.each(['/inspect', '/inspect/', '/inspect/api/feed'])(
    '%s is no page, and the ready line names none',
    async (path) => {
      const off = await startServer();
      const response = await fetch(`http://127.0.0.1:${off.httpPort}${path}`, {
        headers: { authorization: `Bearer ${TOKEN}` },
      });
      expect(response.status).toBe(404);
      expect(off.logsOf('ready')[0]?.ctx).not.toHaveProperty('inspector_url');
      await off.stop();
    },
  );
});

test('without INSPECTOR_TOKEN it is 128 random bits, another one each time; an IPv6 address stands in brackets', async () => {
  const urls: string[] = [];
  for (const HTTP_HOST of ['::1', '::1']) {
    const one = await startServer({ env: { INSPECTOR: 'on', HTTP_HOST } });
    urls.push(String(one.logsOf('ready')[0]?.ctx?.inspector_url));
    await one.stop();
  }
  const tokens = urls.map((url) => /^http:\/\/\[::1\]:\d+\/inspect\/#token=([\w-]{22})$/.exec(url)?.[1]);
  expect(new Set(tokens).size).toBe(2);
  expect(tokens).not.toContain(undefined);
});
