/** Servers with two workers, and clients of which one is at each. */
import { connect, interrupt, type TestClient } from './client.ts';
import { type ServerProcess, type ServerProcessOptions, startServerProcess } from './server-process.ts';

export interface WorkerStatus {
  readonly worker: number;
  readonly state: string;
  readonly pid: number | null;
  readonly active_streams: number;
  readonly restarts: number;
}

export async function workersOf(server: ServerProcess): Promise<readonly WorkerStatus[]> {
  const { workers } = await server.status();
  return workers as unknown as readonly WorkerStatus[];
}

export function serveWithTwo({ env = {}, ...options }: ServerProcessOptions = {}): Promise<ServerProcess> {
  return startServerProcess({ ...options, env: { WORKERS: '2', ...env } });
}

/** Clients with a connection each, made one after another: they go round the workers, so neighbours are at different ones. */
export async function clientsAround(server: ServerProcess, count: number): Promise<readonly TestClient[]> {
  const clients = Array.from({ length: count }, () => connect(server.grpcPort));
  for (const client of clients) await interrupt(client, 'nobody');
  return clients;
}

/** One at each of two workers. */
export async function twoClients(server: ServerProcess): Promise<readonly [TestClient, TestClient]> {
  const [first, second] = await clientsAround(server, 2);
  if (first === undefined || second === undefined) throw new Error('there are no two clients');
  return [first, second];
}

export async function pidOfWorker(server: ServerProcess, number: number): Promise<number> {
  const pid = (await workersOf(server)).find(({ worker }) => worker === number)?.pid ?? null;
  if (pid === null) throw new Error(`there is no worker ${number}`);
  return pid;
}
