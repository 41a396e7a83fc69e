/** MAX_CONNECTIONS is the server's, whichever of its workers the connections came to. */
import { expect, test } from 'vitest';
import { ask, connect, start, type TestClient } from '../../support/client.ts';
import { eventually } from '../../support/eventually.ts';
import { clientsAround, serveWithTwo } from '../../support/workers.ts';
import { expectGoodEnd } from '../rpc/outcomes.ts';

const MAX_CONNECTIONS = 7;
const scenario = {
  answers: [
    { when: '^hang', steps: [{ hang: true }] },
    { when: '', steps: [{ say: 'Good day.' }] },
  ],
  speech: { chunks_per_sentence: 1 },
};

test('one more than MAX_CONNECTIONS that have calls is closed and told; behind one that leaves there is room on any worker', async () => {
  const server = await serveWithTwo({ scenario, env: { MAX_CONNECTIONS: String(MAX_CONNECTIONS) } });
  const closedFor = (reason: string) => server.logsOf('closed').filter(({ ctx }) => ctx?.reason === reason).length;
  const clients = [...(await clientsAround(server, MAX_CONNECTIONS))];
  const calls = clients.map((client) => start(client, { prompt: 'hang' }));
  await eventually(
    () => server.status(),
    ({ active_streams: active }) => active === MAX_CONNECTIONS,
  );
  const more = (): TestClient => {
    const client = connect(server.grpcPort);
    clients.push(client);
    return client;
  };
  // Two, so that each worker had one.
  for (const client of [more(), more()]) {
    const { code } = await ask(client, { prompt: 'one too many' });
    expect(code).toBe('UNAVAILABLE');
    client.close();
  }
  await eventually(
    () => closedFor('too_many_connections'),
    (closed) => closed >= 2,
  );
  expect(await server.status()).toMatchObject({ active_streams: MAX_CONNECTIONS });
  calls[0]?.call.cancel();
  clients[0]?.close();
  const late = more();
  await eventually(
    () => ask(late, { prompt: 'room again' }),
    ({ code }) => code === 'OK',
  );
  for (const { call } of calls) call.cancel();
  await eventually(
    () => server.status(),
    ({ active_streams: active }) => active === 0,
  );
  // Those that are still give their places to who calls, also to one at the other worker. One may be served and closed nevertheless: the
  // calls before it were over for the server, and not yet for the connections that they had.
  for (let made = closedFor('made_room') + 1, index = 0; index < 4; index += 1, made += 1) {
    const fresh = more();
    await eventually(
      async () => (await ask(fresh, { prompt: 'me, too' })).code === 'OK' && closedFor('made_room') >= made,
      (isIn) => isIn,
    );
  }
  expectGoodEnd(await ask(late, { prompt: 'still here, or again' }));
  for (const client of clients) client.close();
  expect(await server.stop()).toBe(0);
});
