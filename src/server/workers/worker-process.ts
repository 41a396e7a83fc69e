/**
 * The process of one worker: the gRPC port that it shares with the others, engines, streams and their logs. Who may have a stream, what was
 * collected or remembered and who has used what is asked of the server's process (owner-link.ts).
 *
 * It does what that tells it and nothing by itself: signals are the server's, and whoever loses the server's process ends (node:cluster ends a
 * worker whose channel closes).
 */
import { Socket } from 'node:net';
import { HistoryLookup } from '../../actors/answer/history-lookup.ts';
import type { StreamCounters } from '../../actors/figures/stream-counters.ts';
import { type Call, idsOf } from '../../call/call.ts';
import { type Config, loadConfig } from '../../config.ts';
import { type Failure, logLevelOf, wordsOf } from '../../errors.ts';
import { FeedBranch } from '../../inspector/server/feed-branch.ts';
import { Exposition } from '../../observe/exposition.ts';
import { createFaultLog } from '../../observe/fault-log.ts';
import { createLogger, type Logger, pacedDestination } from '../../observe/logger.ts';
import { createGrpcServer } from '../../rpc/server.ts';
import { answerUsage } from '../../store/usage-entry.ts';
import { composeFloor, streamSettingsOf } from '../composition.ts';
import { type DescriptorShares, shareDescriptors } from '../descriptors.ts';
import { EnginesInUse } from '../engines-in-use.ts';
import { createExportTap, type ExportTap } from '../export-tap.ts';
import { createLoadWatch, createOwnTime, keepNewObjectsYoung, type LoadWatch } from '../load-watch.ts';
import { packageVersion } from '../package-version.ts';
import { Recording } from '../persistence.ts';
import { CLOSE_GRACE_MS, figuresOf } from '../stream-service.ts';
import { admissionsOver, memoryOver, placesOver, usageOver } from './owner-link.ts';
import { ProcessLine } from './process-line.ts';
import { type FindStream, WorkerBridges } from './worker-bridge.ts';
import {
  type BridgeMessage,
  type FromWorker,
  type Outcome,
  type ToWorker,
  WORKER_LOADED,
  type WorkerBirth,
} from './worker-messages.ts';

/** Of this process. */
const exposition = new Exposition();

/** Ctrl-C and a service manager signal the whole group. */
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => {});

type Batch = Parameters<ProcessLine<FromWorker, ToWorker>['take']>[0];

let take: ((batch: Batch) => void) | null = null;
/** Where a stream that runs here is found. */
let findStream: FindStream = () => null;
const bridges = new WorkerBridges((streamId) => findStream(streamId));
process.on('message', (message: WorkerBirth | BridgeMessage | Batch, handle) => {
  if ('number' in message) take = begin(message);
  else if (!('bridge' in message)) take?.(message);
  else if (handle instanceof Socket) bridges.connected(message.bridge, handle);
  else bridges.lost(message.bridge);
});
process.send?.(WORKER_LOADED);

/** Returns who takes what the server says. */
function begin({ number, env, files, grpcPort, exportRun }: WorkerBirth): (batch: Batch) => void {
  keepNewObjectsYoung();
  const read = loadConfig({ env, readFile: (path) => textOf(files, path) });
  const config = { ...read, grpc: { ...read.grpc, port: grpcPort } };
  const log = createLogger(config.log.level, pacedDestination(process.stdout), {
    ...config.log,
    base: { worker: number },
  });
  const survive = (error: unknown): void => {
    log.error({ scope: 'server', method: 'worker', decision: 'fault', ctx: {}, err: error }, 'an uncaught error');
  };
  process.on('uncaughtException', survive);
  process.on('unhandledRejection', survive);
  return serve(config, log, exportRun);
}

function textOf(files: WorkerBirth['files'], path: string): string {
  const text = files[path];
  if (text === undefined) throw new Error(`${path} was not read by the server`);
  return text;
}

function serve(config: Config, log: Logger, exportRun: string): (batch: Batch) => void {
  const faults = createFaultLog(log);
  const engines = new EnginesInUse(config, log);
  const ownTime = createOwnTime(log);
  const exportTap = createExportTap(config, log, exportRun);
  void exportTap?.start();
  // It is a process, with a limit of its own.
  const shares = shareDescriptors(config, log);
  const line = lineToServer(log);
  const branch = config.inspector.isOn ? branchOver(line, (id) => recording.find(id)?.lines ?? null) : null;
  const recording = recordingOf(config, log, { exportTap, shares, onlooker: branch });
  const usage = usageOver(line);
  const memory = memoryOver(line, config);
  const history = memory === null ? null : new HistoryLookup({ memory, log, ownTime });
  let load: LoadWatch | null = null;
  const streams = composeFloor(
    {
      settings: streamSettingsOf(config),
      engines,
      recording,
      memory,
      history,
      noteUsage: (call, used) => usage.note(answerUsage(call, used, Date.now())),
      log,
      faults,
      now: () => performance.now(),
      ownTime,
      onAsked: (moment) => load?.asked(moment),
      heardElsewhere: (worker, streamId) => bridges.streamOf(worker, streamId),
    },
    () => admissionsOver(line, { config, refuse: (call, why) => refuseHere(call, why, streams.counters, log) }),
  );
  findStream = (streamId) => streams.floor.heardStream(streamId);
  const { connections: maxConnections } = shares;
  const sharedPlaces = placesOver(line);
  const gateway = streams.floor;
  const grpc = createGrpcServer({ config, gateway, usage, log, ownTime, maxConnections, sharedPlaces });
  // What is collected is held by the server.
  load = createLoadWatch(config, log, { supervisor: streams.floor, collector: { screenshotBytes: 0 } }, grpc);
  load?.start();
  const close = async (): Promise<void> => {
    load?.stop();
    await grpc.close(CLOSE_GRACE_MS);
    await Promise.all([engines.stop(), recording.close()]);
    branch?.close();
    ownTime.stop();
    exportTap?.stop();
  };
  line.hear({
    told: (message) => {
      if (message.kind === 'serving') grpc.setServing(message.isServing);
      else if (message.kind === 'unbridged') bridges.lost(message.worker);
      else if (message.kind === 'watched') branch?.watch(message.interest);
      else
        void close()
          .catch((error: unknown) => faults.bug('worker', 'close', error))
          .then(() => line.afterAll(leave));
    },
    asked: {
      listen: (_question, answer) => void outcomeOf(grpc.listen().then((port) => ({ port }))).then(answer),
      startEngine: ({ order }, answer) =>
        void outcomeOf(engines.start(order).then(() => ({ names: namesOf(engines) }))).then(answer),
      end: ({ streamIds, why }, answer) => streams.floor.end(streamIds, why, answer),
      makeRoom: (_question, answer) => answer(grpc.makeRoom()),
      nodeFigures: (_question, answer) => void exposition.nodeFigures().then(answer),
      figures: (_question, answer) => answer(figuresOf({ streams, engines, recording, history, exportTap, load })),
    },
  });
  return (batch) => line.take(batch);
}

/** What can't be sent is nobody's any more: the channel is closed, and this process ends with it. */
function lineToServer(log: Logger): ProcessLine<FromWorker, ToWorker> {
  const fields = { scope: 'server', method: 'worker' };
  return new ProcessLine<FromWorker, ToWorker>({
    send: (batch, sent) => process.send?.(batch, undefined, {}, sent),
    onFull: (isFull) => {
      if (isFull)
        log.warn(
          { ...fields, decision: 'line_full', ctx: {} },
          "the server's process takes nothing: new calls are refused",
        );
      else log.info({ ...fields, decision: 'line_free', ctx: {} }, "the server's process takes what it is told again");
    },
    onGivenUp: (why) => {
      log.error(
        { ...fields, decision: 'line_lost', ctx: { why } },
        "the server's process is given up, and this worker ends",
      );
      process.exit(1);
    },
  });
}

/** The owner of admissions can't be told of it now. */
function refuseHere(call: Call, why: Failure, counters: StreamCounters, log: Logger): Failure {
  counters.countRejected(why.errorType);
  const ctx = { ...idsOf(call), reason: why.errorType };
  const fields = { scope: 'workflow', method: call.method, decision: 'reject', ctx, isBounded: true } as const;
  log[logLevelOf(why.errorType)](fields, 'a call was refused');
  return why;
}

interface RecordingParts {
  readonly exportTap: ExportTap | null;
  readonly shares: DescriptorShares;
  readonly onlooker: FeedBranch | null;
}

/** What the inspector is sent of this process, as far as it is watched. */
function branchOver(line: ProcessLine<FromWorker, ToWorker>, linesOf: (id: string) => number | null): FeedBranch {
  return new FeedBranch({
    linesOf,
    sendRows: (rows, taken) => line.ask('rows', { rows }, taken),
    sendLines: (lines, taken) => line.ask('lines', { lines }, taken),
    now: () => performance.now(),
    date: () => new Date(),
  });
}

/** Old logs are the server's to sweep. */
function recordingOf(config: Config, log: Logger, { exportTap, shares, onlooker }: RecordingParts): Recording {
  return new Recording({
    config: { ...config, eventLog: { ...config.eventLog, maxAgeMs: Infinity, maxTotalBytes: Infinity } },
    log,
    build: packageVersion(),
    maxDescriptors: shares.logFiles,
    onlooker,
    exportTap,
  });
}

/** Behind all that was said: a message is through when the next one is. */
function leave(): void {
  setImmediate(() => process.send?.([], undefined, {}, () => process.exit(0)));
}

function namesOf(engines: EnginesInUse) {
  const inUse = engines.peek();
  return inUse === null ? null : { answer: inUse.answer.name, speech: inUse.speech.name };
}

/** Never rejects. */
function outcomeOf<T>(result: Promise<T>): Promise<Outcome<T>> {
  return result.catch((error: unknown) => ({ fault: wordsOf(error) }));
}
