/**
 * A real server for tests, in the test's own process: the system that `recital serve` starts, on free ports, with the configuration read
 * from texts as production reads it, its log lines kept as the JSON they would be on stdout, and a data folder of its own. What belongs to
 * the process around it (signals, exit codes, memory, stdout, crashes) is tested with `startServerProcess`.
 *
 * Every server that a test file starts is stopped when the file ends. With TEST_WORKERS it has that many workers, and processes of its own.
 */
import { readFileSync } from 'node:fs';
import { loadConfig } from '../../src/config.ts';
import { createLogger } from '../../src/observe/logger.ts';
import { startSystem } from '../../src/server/system.ts';
import { startServerProcess } from './server-process.ts';
import { Journal, makePlace, servingServer, type TestServer, type TestServerOptions } from './test-server.ts';

/** Starts a server and waits for its ready line; rejects with what it logged if it does not become ready. */
export async function startServer(options: TestServerOptions = {}): Promise<TestServer> {
  const { TEST_WORKERS: workers } = process.env;
  if (workers !== undefined) return startServerProcess({ ...options, env: { WORKERS: workers, ...options.env } });
  const place = makePlace(options);
  const journal = new Journal();
  const config = loadConfig({ env: place.env, readFile: (path) => readFileSync(path, 'utf8') });
  const log = createLogger(config.log.level, { write: (text) => journal.take(text) });
  const system = startSystem(config, log);
  const shutDown = () => system.shutDown();
  return servingServer({ place, journal, exited: system.finished, shutDown, faultText: () => system.lastError ?? '' });
}
