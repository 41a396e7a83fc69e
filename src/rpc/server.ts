/**
 * The gRPC server: StreamingService, grpc.health.v1 and grpc.reflection on one port. It listens before the engines are up and
 * while it drains; the supervisor says who is admitted.
 */
import { getHeapStatistics } from 'node:v8';
import {
  type ChannelOptions,
  logVerbosity,
  Server,
  ServerCredentials,
  ServerInterceptingCall,
  type ServerInterceptor,
  setLogVerbosity,
} from '@grpc/grpc-js';
import { HealthImplementation } from 'grpc-health-check';
import type { StreamGateway } from '../call/gateway.ts';
import type { OwnTime } from '../call/own-time.ts';
import type { Config } from '../config.ts';
import type { Logger } from '../observe/logger.ts';
import { withFullChunks } from './codec.ts';
import { type BoundReason, createConnectionBounds, OpenCalls, type SharedPlaces } from './connection-bounds.ts';
import { createFlowControl } from './flow-control.ts';
import type { StreamingServiceHandlers } from './generated/streaming/StreamingService.ts';
import {
  configureHttp2Servers,
  createConnectionCut,
  type TransportRefusal,
  tellTransportRefusals,
  widenReceiveWindow,
} from './http2-servers.ts';
import { quote } from './identity.ts';
import { streamingService } from './proto.ts';
import { addReflection, REFLECTION_PATH, ReflectionCall } from './reflection.ts';
import { RequestBudget, unpackWithin } from './request-budget.ts';
import { MAX_RECEIVED_BYTES, withRequestSizes } from './request-size.ts';
import { statusNameOf } from './status.ts';
import { createGenerateWelcomeAudioHandler, createStreamAudioHandler } from './streaming-rpcs.ts';
import { createInterruptSessionHandler, createReportUsageHandler, type UsageLedger } from './unary-rpcs.ts';

const SERVICE_NAME = 'streaming.StreamingService';
const HEALTH_WATCH_PATH = '/grpc.health.v1.Health/Watch';
/** Bigger slabs for the many 4 KiB messages: fewer allocations, measured with the flow control (docs/decisions/0002). */
const BUFFER_POOL_BYTES = 256 * 1024;
/** A peer that vanished without a word is noticed within the sum of the two. */
const KEEPALIVE_TIME_MS = 10_000;
const KEEPALIVE_TIMEOUT_MS = 5_000;
/** Without it Node 20 keeps the state of dead connections for ever (docs/decisions/0002). */
const CONNECTION_IDLE_MS = 300_000;
/** A connection is given up for a fresh one after an hour, so that balancers spread clients anew; what runs on it goes on to its end. */
const CONNECTION_AGE_MS = 3_600_000;
/** Beyond the longest session. */
const CONNECTION_AGE_GRACE_MS = 60_000;
/** A client or a balancer has one for each service that it watches. */
const WATCHES_PER_CONNECTION = 4;
/** Tools of people ask a handful at a time, and are quick. */
const REFLECTIONS_PER_CONNECTION = 200;
const MAX_REFLECTIONS = 250;

/** Of requests that are not complete, all connections together: a dozen of the largest, sixty screenshots of 3 MB. */
const MAX_UNFINISHED_BYTES = 256 * 1024 * 1024;
/** Of those, what was unpacked: three of the largest, and two thousand long prompts. */
const MAX_UNPACKED_BYTES = 64 * 1024 * 1024;
/** What was decoded of a request stands in the heap with up to twice its bytes, until the request is complete. */
const HEAP_SHARE_OF_UNFINISHED = 1 / 8;
const HEAP_SHARE_OF_UNPACKED = 1 / 16;
/** Who is under attack has a line of it a second, with their number. */
const RESET_LINES_PAUSE_MS = 1_000;

export interface GrpcServerOptions {
  readonly config: Config;
  readonly gateway: StreamGateway;
  readonly usage: UsageLedger;
  readonly log: Logger;
  readonly ownTime: OwnTime;
  /** Absent = MAX_CONNECTIONS; fewer where descriptors are. */
  readonly maxConnections?: number;
  /** null or absent = connections are this process's alone. */
  readonly sharedPlaces?: SharedPlaces | null;
}

export interface GrpcServer {
  /** Binds host and port of the configuration; resolves with the port that was bound. */
  listen(): Promise<number>;
  /** Of what requests may hold before a handler has them, how much they do: 0 to 1. */
  readonly heldShare: number;
  /** Closes the connection that has had no stream for longest; false if each has one. */
  makeRoom(): boolean;
  /** What grpc.health.v1 answers, for the whole server and for the service. */
  setServing(isServing: boolean): void;
  /** Stops listening and waits for calls to end, at most `graceMs`; then cuts them. */
  close(graceMs: number): Promise<void>;
}

/** Builds the server; nothing listens yet. */
export function createGrpcServer(options: GrpcServerOptions): GrpcServer {
  const { config, gateway, usage, log, ownTime, maxConnections = config.connections.maxConnections } = options;
  Buffer.poolSize = BUFFER_POOL_BYTES;
  // What it has to say comes back as errors, which we tell in our own log; on stderr it would stand there twice. GRPC_VERBOSITY asks for it.
  if (process.env.GRPC_VERBOSITY === undefined) setLogVerbosity(logVerbosity.NONE);
  const flowControl = createFlowControl();
  const { heap_size_limit: heapBytes } = getHeapStatistics();
  const unfinished = requestBudget(log, MAX_UNFINISHED_BYTES, heapBytes * HEAP_SHARE_OF_UNFINISHED);
  const unpacked = requestBudget(log, MAX_UNPACKED_BYTES, heapBytes * HEAP_SHARE_OF_UNPACKED);
  const server = new Server({
    // Nobody asks it, and it counts every message and keeps a record of every connection.
    'grpc.enable_channelz': 0,
    'grpc.max_receive_message_length': MAX_RECEIVED_BYTES,
    'grpc.max_concurrent_streams': config.connections.maxStreamsPerConnection,
    'grpc.keepalive_time_ms': KEEPALIVE_TIME_MS,
    'grpc.keepalive_timeout_ms': KEEPALIVE_TIMEOUT_MS,
    'grpc.max_connection_idle_ms': CONNECTION_IDLE_MS,
    ...connectionAgeOf(config),
    interceptors: [createInterceptor(maxConnections, unpacked, flowControl)],
  });
  const connections = createConnectionCut();
  const bounds = createConnectionBounds({
    maxConnections,
    shared: options.sharedPlaces ?? null,
    ownTime,
    openEndedPath: REFLECTION_PATH,
    onClosed: (reason) => noteClosed(log, reason),
  });
  configureHttp2Servers(server, (http2Server) => {
    widenReceiveWindow(http2Server);
    bounds.bound(http2Server);
    unfinished.watch(http2Server);
    connections.watch(http2Server);
    tellTransportRefusals(http2Server, `/${SERVICE_NAME}/`, (refusal) => noteTransportRefusal(log, refusal));
  });
  const handlers: StreamingServiceHandlers = {
    StreamAudio: createStreamAudioHandler({ config, gateway, log, ownTime }),
    InterruptSession: createInterruptSessionHandler({ config, gateway, log }),
    GenerateWelcomeAudio: createGenerateWelcomeAudioHandler({ config, gateway, log, ownTime }),
    ReportUsage: createReportUsageHandler({ config, gateway, usage, log, wallClockMs: Date.now }),
  };
  server.addService(withRequestSizes(withFullChunks(streamingService)), handlers);
  const health = new HealthImplementation({ '': 'NOT_SERVING', [SERVICE_NAME]: 'NOT_SERVING' });
  health.addToServer(server);
  addReflection(server);

  return {
    listen: () => listen(server, config),
    get heldShare() {
      return Math.max(...[unfinished, unpacked].map(({ heldBytes, maxBytes }) => heldBytes / maxBytes));
    },
    makeRoom: bounds.makeRoom,
    setServing: (isServing) => {
      for (const name of ['', SERVICE_NAME]) health.setStatus(name, isServing ? 'SERVING' : 'NOT_SERVING');
    },
    close: (graceMs) => close(server, graceMs, connections.cut),
  };
}

/** Without a bound for sessions there is none for what runs on an old connection. */
function connectionAgeOf({ timeouts: { sessionTimeoutMs } }: Config): ChannelOptions {
  if (sessionTimeoutMs === 0) return {};
  return {
    'grpc.max_connection_age_ms': CONNECTION_AGE_MS,
    'grpc.max_connection_age_grace_ms': sessionTimeoutMs + CONNECTION_AGE_GRACE_MS,
  };
}

/** What stands between each call and its handler, by what kind of call it is. */
function createInterceptor(
  maxConnections: number,
  unpacked: RequestBudget,
  flowControl: ServerInterceptor,
): ServerInterceptor {
  const reflections = new OpenCalls({
    name: 'reflection calls',
    perConnection: REFLECTIONS_PER_CONNECTION,
    inAll: MAX_REFLECTIONS,
  });
  const watches = new OpenCalls({
    name: 'health watches',
    perConnection: WATCHES_PER_CONNECTION,
    inAll: maxConnections,
  });
  return (method, nextCall) => {
    unpackWithin(unpacked, method, nextCall);
    if (method.path.startsWith(REFLECTION_PATH)) return new ReflectionCall(reflections.counted(nextCall));
    if (method.path === HEALTH_WATCH_PATH) return new ServerInterceptingCall(watches.counted(nextCall));
    return flowControl(method, nextCall);
  };
}

function noteClosed(log: Logger, reason: BoundReason): void {
  const fields = { scope: 'grpc', method: 'connection', decision: 'closed', ctx: { reason }, isBounded: true } as const;
  if (reason === 'made_room') log.info(fields, 'the connection that was still for longest gave its place to another');
  else log.warn(fields, 'a connection or a request was closed: no good client does that');
}

/** At most `maxBytes` or `heapBytes`, but room for the largest request and a few small ones. */
function requestBudget(log: Logger, largest: number, heapBytes: number): RequestBudget {
  const maxBytes = Math.round(Math.max(MAX_RECEIVED_BYTES * 1.25, Math.min(largest, heapBytes)));
  let [resets, resetBytes] = [0, 0];
  let hasPause = false;
  const tell = (): void => {
    hasPause = false;
    if (resets === 0) return;
    const ctx = { resets, received_bytes: resetBytes, max_bytes: maxBytes };
    [resets, resetBytes, hasPause] = [0, 0, true];
    setTimeout(tell, RESET_LINES_PAUSE_MS).unref();
    const fields = { scope: 'grpc', method: 'receive', decision: 'upload_reset', ctx };
    log.warn(fields, 'too much of unfinished requests; the oldest were reset');
  };
  return new RequestBudget({
    maxBytes,
    onReset: (heldBytes) => {
      [resets, resetBytes] = [resets + 1, resetBytes + heldBytes];
      if (!hasPause) tell();
    },
  });
}

/** As the sink's line of a call that failed; its ids were never read. The client's words in it are bounded and escaped. */
function noteTransportRefusal(log: Logger, { method, grpcStatus, details }: TransportRefusal): void {
  const ids = { session_id: '', hardware_id: '', stream_id: '' };
  const ctx = { ...ids, error_code: statusNameOf(grpcStatus), error_type: 'transport', grpc_status: grpcStatus };
  const fields = { scope: 'grpc', method: quote(method).slice(1, -1), decision: 'error', isBounded: true } as const;
  log.warn({ ...fields, ctx: { ...ctx, details: quote(details) } }, 'the transport refused a call');
}

function listen(server: Server, config: Config): Promise<number> {
  const { host, port } = config.grpc;
  const address = host.includes(':') && !host.startsWith('[') ? `[${host}]:${port}` : `${host}:${port}`;
  return new Promise((resolve, reject) => {
    server.bindAsync(address, ServerCredentials.createInsecure(), (error, boundPort) => {
      if (error === null) resolve(boundPort);
      else reject(error);
    });
  });
}

/** tryShutdown alone never ends while a health Watch is open or a reader is stalled (docs/decisions/0002). */
function close(server: Server, graceMs: number, cutConnections: () => void): Promise<void> {
  return new Promise((resolve) => {
    const force = setTimeout(() => {
      cutConnections();
      server.forceShutdown();
      resolve();
    }, graceMs);
    server.tryShutdown(() => {
      clearTimeout(force);
      resolve();
    });
  });
}
