/** One server and one client for all tests of a describe block. */
import { afterAll, beforeAll } from 'vitest';
import { connect, type TestClient } from '../client.ts';
import { startServer } from '../server.ts';
import type { TestServer, TestServerOptions } from '../test-server.ts';

export interface Served {
  /** Only inside tests. */
  readonly server: TestServer;
  readonly client: TestClient;
}

/** Starts the server before the tests of the block that calls it, stops it after them. */
export function served(options: TestServerOptions): Served {
  let running: Served | null = null;
  const now = (): Served => {
    if (running === null) throw new Error('the server runs while the tests of its block do');
    return running;
  };
  beforeAll(async () => {
    const server = await startServer(options);
    running = { server, client: connect(server.grpcPort) };
  });
  afterAll(async () => {
    running?.client.close();
    await running?.server.stop();
  });
  return {
    get server() {
      return now().server;
    },
    get client() {
      return now().client;
    },
  };
}
