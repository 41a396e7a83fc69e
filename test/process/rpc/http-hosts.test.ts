/** The HTTP port answers who calls it by a name of its own, whatever they ask for, and says to others why it does not. */
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { beforeAll, describe, expect, test } from 'vitest';
import { startServer } from '../../support/server.ts';
import type { TestServer } from '../../support/test-server.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startServer({ env: { HTTP_ALLOWED_HOSTS: 'voice.example, fd00::7' } });
});

/** A request by hand: its status, its body. */
async function ask(head: string): Promise<{ readonly status: number; readonly body: string; readonly head: string }> {
  const socket = connect(server.httpPort, '127.0.0.1');
  socket.write(
    `${head.replaceAll('PORT', String(server.httpPort)).split('\n').join('\r\n')}\r\nConnection: close\r\n\r\n`,
  );
  const answer = await text(socket);
  const [top = '', body = ''] = answer.split('\r\n\r\n');
  return { status: Number(top.split(' ')[1]), body, head: top };
}

test.each([
  'localhost',
  'localhost:PORT',
  'LOCALHOST:PORT',
  'localhost.:PORT',
  '127.0.0.1',
  '127.0.0.1:PORT',
  '[::1]:PORT',
  'voice.example',
  'Voice.Example.:443',
  '[fd00::7]:PORT',
])('the Host %s is answered', async (host) => {
  for (const path of ['/health', '/ready', '/status']) {
    expect((await ask(`GET ${path} HTTP/1.1\nHost: ${host}`)).status).toBe(200);
  }
});

describe('another Host', () => {
  test.each(['evil.example', 'evil.example:PORT', 'localhost.evil.example', 'a.voice.example', '10.0.0.1:PORT', ''])(
    'is 403 for whatever is asked: %j',
    async (host) => {
      for (const target of [
        'GET /health',
        'GET /ready',
        'GET /status',
        'GET /',
        'GET /metrics',
        'POST /status',
        'HEAD /health',
      ]) {
        expect((await ask(`${target} HTTP/1.1\nHost: ${host}`)).status).toBe(403);
      }
    },
  );

  test('is told its name and the setting, and nothing of the server', async () => {
    const { body } = await ask('GET /status HTTP/1.1\nHost: evil.example');
    expect(JSON.parse(body)).toEqual({
      error: 'Host "evil.example" is not a name of this server; HTTP_ALLOWED_HOSTS may name it',
    });
    expect((await ask(`GET / HTTP/1.1\nHost: ${'x'.repeat(8_000)}`)).body.length).toBeLessThan(250);
  });

  test('in a target that is a whole URL counts before the header', async () => {
    expect((await ask('GET http://evil.example/health HTTP/1.1\nHost: localhost')).status).toBe(403);
    expect((await ask('GET http://localhost@evil.example/health HTTP/1.1\nHost: localhost')).status).toBe(403);
    expect((await ask('GET http://localhost:PORT/health HTTP/1.1\nHost: evil.example')).status).toBe(403);
    expect((await ask('GET http://localhost:PORT/health?x=1 HTTP/1.1\nHost: localhost:PORT')).status).toBe(200);
  });
});

test('no Host is 400, but in HTTP/1.0, which needs none and which no browser speaks; two are 400', async () => {
  expect((await ask('GET /health HTTP/1.1\nAccept: */*')).status).toBe(400);
  expect((await ask('GET /health HTTP/1.0\nAccept: */*')).status).toBe(200);
  expect((await ask('GET /health HTTP/1.1\nHost: localhost\nHost: evil.example')).status).toBe(400);
});

test.each([
  ['POST /health', 405],
  ['PUT /status', 405],
  ['DELETE /', 405],
  ['OPTIONS *', 405],
  ['TRACE /health', 405],
  ['CONNECT evil.example:443', 405],
  ['GET /nothing', 404],
  ['GET //health', 404],
  ['GET /health/', 404],
  ['GET /health/../status', 404],
  ['GET /HEALTH', 404],
  ['GET /%68ealth', 404],
  ['GET /__proto__', 404],
  ['GET /health?verbose=1', 200],
  ['HEAD /status', 200],
])('%s is %i', async (line, status) => {
  const answer = await ask(`${line} HTTP/1.1\nHost: localhost`);
  expect(answer.status).toBe(status);
  if (status === 405) expect(answer.head.toLowerCase()).toContain('allow: get, head');
});
