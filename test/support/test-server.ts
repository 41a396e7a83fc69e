/** A server as tests see it, whether it runs in their process (server.ts) or in one of its own (server-process.ts). */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { get, type IncomingMessage } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { atEndOfFile } from './end-of-file.ts';
import { eventually } from './eventually.ts';

export interface LogLine {
  readonly level: number;
  readonly scope?: string;
  readonly decision?: string;
  readonly ctx?: Readonly<Record<string, unknown>>;
  readonly [field: string]: unknown;
}

export interface ServerStatus {
  readonly state: string;
  readonly health: string;
  readonly last_error: string | null;
  readonly active_streams: number;
  readonly max_streams: number;
  readonly in_flight: number;
  readonly active_answers: number;
  readonly active_speech: number;
  readonly rejected: Readonly<Record<string, number>>;
  readonly idle_timeouts: number;
  readonly commands_sent: number;
  readonly [field: string]: unknown;
}

export interface TestServer {
  readonly grpcPort: number;
  readonly httpPort: number;
  /** Where it keeps its data. */
  readonly dataDir: string;
  /** Every log line so far. */
  readonly logs: readonly LogLine[];
  /** The lines with this decision. */
  logsOf(decision: string): readonly LogLine[];
  /** The same once there are `count` of them: what another process logs may be read behind what it answers. */
  logged(decision: string, count?: number): Promise<readonly LogLine[]>;
  status(): Promise<ServerStatus>;
  /** Begins the drain, as SIGTERM does. */
  shutDown(): void;
  /** Resolves with the exit code once it has stopped. */
  readonly exited: Promise<number | null>;
  /** Drains, stops and deletes what it kept; resolves with the exit code. */
  stop(): Promise<number | null>;
}

export interface TestServerOptions {
  /** CONTRACT §3; absent = the embedded engines. */
  readonly scenario?: object;
  readonly env?: Readonly<Record<string, string>>;
}

/** Where a server of a test lives: its environment and the folder that is deleted when it has stopped. */
export interface ServerPlace {
  readonly dir: string;
  readonly env: Readonly<Record<string, string>>;
}

/** A folder with the scenario's file, and the environment that names it; what the test gives goes before. */
export function makePlace({ scenario, env = {} }: TestServerOptions): ServerPlace {
  const dir = mkdtempSync(join(tmpdir(), 'recital-test-'));
  const scripted: Record<string, string> = {};
  if (scenario !== undefined) {
    const file = join(dir, 'scenario.json');
    writeFileSync(file, JSON.stringify(scenario));
    Object.assign(scripted, { ANSWER_ENGINE: 'scripted', SPEECH_ENGINE: 'scripted', SCENARIO_FILE: file });
  }
  // The tests' own work is on the server's event loop, and others are on its machine: load is what a test brings itself.
  const ports = { GRPC_PORT: '0', HTTP_PORT: '0' };
  // Most tests are one device with many calls.
  const bounds = { OVERLOAD: 'off', BACKPRESSURE_MAX_STREAMS_PER_DEVICE: '0' };
  return { dir, env: { ...ports, DATA_DIR: join(dir, 'data'), ...bounds, ...scripted, ...env } };
}

interface Ports {
  readonly grpc: number;
  readonly http: number;
}

/** The log of a server, line by line. */
export class Journal {
  readonly lines: LogLine[] = [];
  /** Resolves with the ports of the ready line. */
  readonly ready: Promise<Ports>;
  #noteReady: (ports: Ports) => void = () => {};

  constructor() {
    this.ready = new Promise((resolve) => {
      this.#noteReady = resolve;
    });
  }

  take(text: string): void {
    const line: LogLine = JSON.parse(text);
    this.lines.push(line);
    if (line.decision !== 'ready') return;
    this.#noteReady({ grpc: Number(line.ctx?.grpc_port), http: Number(line.ctx?.http_port) });
  }
}

interface StartedServer {
  readonly place: ServerPlace;
  readonly journal: Journal;
  readonly exited: Promise<number | null>;
  /** What it said beside its log. */
  faultText(): string;
  shutDown(): void;
}

/** The server once it is ready; rejects with what it said if it ends before. It is stopped when the test file ends. */
export async function servingServer(started: StartedServer): Promise<TestServer> {
  const { place, journal, exited, shutDown, faultText } = started;
  const ended = exited.then((code) => {
    throw new Error(`the server ended with ${code}: ${faultText()}${JSON.stringify(journal.lines)}`);
  });
  const ports = await Promise.race([journal.ready, ended]);
  // From here on its end is no fault.
  ended.catch(() => {});
  const logsOf = (decision: string): readonly LogLine[] => journal.lines.filter((line) => line.decision === decision);
  const server: TestServer = {
    grpcPort: ports.grpc,
    httpPort: ports.http,
    dataDir: place.env.DATA_DIR ?? '',
    logs: journal.lines,
    logsOf,
    logged: (decision, count = 1) =>
      eventually(
        () => logsOf(decision),
        ({ length }) => length >= count,
      ),
    status: () => statusOf(ports.http),
    shutDown,
    exited,
    stop: async () => {
      forget();
      shutDown();
      const code = await exited;
      rmSync(place.dir, { recursive: true, force: true });
      return code;
    },
  };
  const forget = atEndOfFile(server.stop);
  return server;
}

/** Over a connection of its own: one that is kept may be closed by the server while the next question is on its way. */
async function statusOf(port: number): Promise<ServerStatus> {
  const request = get({ host: '127.0.0.1', port, path: '/status', agent: false });
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    request.once('response', resolve).once('error', reject);
  });
  const status: ServerStatus = JSON.parse(await text(response));
  return status;
}
