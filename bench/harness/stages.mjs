// What is measured of each server, stage by stage, as data: which servers, with which scenario, how often, and the measurement of one server in
// one round. A measurement returns plain numbers, and rejects where anything went wrong: then there is no figure.
import { setTimeout as sleep } from 'node:timers/promises';
import { framesOf, promptFor, scenarioFor, sentences as texts } from '../workload.mjs';
import { readClocks, residentBytes, secondsBetween } from './processes.mjs';
import { shuffled } from './statistics.mjs';

const long = { sentences: 20, chunks: 10, chunkBytes: 4096 };
const short = { sentences: 2, chunks: 3, chunkBytes: 4096 };
/** Little sound, so that the text is what grows. */
const spoken = { chunks: 1, chunkBytes: 64 };
/** Of the sentence that long answers repeat; it is ASCII. */
const SENTENCE_BYTES = texts[1].length;

/** A quick run gets warm with less; below this its figures would be those of a server that is not. */
const LEAST_WARM_UP = 0.4;

/** What follows upon the last end: lines on their way to the disk, memories on theirs. */
const SETTLE_MS = 150;

const FRAME_SENTENCES = [1, 2, 10, 20, 100, 182];
const TEXT_SENTENCES = [20, 200, 2_000, 20_000];

/**
 * `share` is the stage's part of the time that a run may take; `scale` of a quick run is below 1.
 * @type {readonly { id: string, variants: readonly string[], scenario: object, rounds: number, share: number, measure: Function }[]}
 */
export const stages = [
  {
    id: 'frame',
    variants: ['recital', 'unrecorded', 'watched', 'info', 'naive', 'tuned', 'python'],
    scenario: scenarioFor(long, [long.sentences]),
    rounds: 9,
    share: 0.44,
    measure: measureFrames,
  },
  {
    id: 'session',
    variants: ['recital', 'unrecorded', 'naive', 'tuned', 'python'],
    scenario: scenarioFor(short, [short.sentences]),
    rounds: 7,
    share: 0.18,
    measure: measureSessions,
  },
  {
    id: 'waiting',
    variants: ['recital', 'naive', 'tuned', 'python'],
    scenario: scenarioFor(short, [short.sentences]),
    rounds: 3,
    share: 0.14,
    measure: measureWaiting,
  },
  {
    id: 'streams',
    variants: ['recital', 'naive'],
    scenario: scenarioFor(short, [short.sentences]),
    rounds: 3,
    share: 0.12,
    measure: (server, options) =>
      measureGrowth(server, options, {
        sizes: options.scale < 1 ? [1, 10, 100, 1_000] : [1, 10, 100, 1_000, 2_500, 5_000],
        answer: () => short,
        runsOf: (size) => ({ calls: Math.max(size, 1_000), concurrency: size }),
        callsOfOne: (size) => size,
      }),
  },
  {
    id: 'frames',
    variants: ['recital', 'naive'],
    scenario: scenarioFor(long, FRAME_SENTENCES),
    rounds: 3,
    share: 0.06,
    measure: (server, options) =>
      measureGrowth(server, options, {
        sizes: FRAME_SENTENCES.map((sentences) => framesOf({ ...long, sentences })),
        answer: (frames) => ({ ...long, sentences: (frames - 1) / (1 + long.chunks) }),
        runsOf: (frames) => ({ calls: Math.ceil(24_000 / frames), concurrency: 8 }),
        callsOfOne: () => 1,
      }),
  },
  {
    id: 'text',
    variants: ['recital', 'naive'],
    scenario: scenarioFor(spoken, TEXT_SENTENCES),
    rounds: 3,
    share: 0.06,
    measure: (server, options) =>
      measureGrowth(server, options, {
        sizes: TEXT_SENTENCES.map((sentences) => sentences * SENTENCE_BYTES),
        answer: (bytes) => ({ ...spoken, sentences: bytes / SENTENCE_BYTES }),
        runsOf: (bytes) => ({ calls: Math.ceil(1_100_000 / bytes), concurrency: 4 }),
        callsOfOne: () => 1,
      }),
  },
];

/** Runs `burst` and tells what it took of the processors, in all processes of the server and in its clients. */
async function timed(server, burst) {
  const before = [readClocks(server.pid), readClocks(server.clientPid)];
  const result = await server.ask('burst', burst);
  const clientSeconds = secondsBetween(before[1], readClocks(server.clientPid));
  await sleep(SETTLE_MS);
  const cpuSeconds = secondsBetween(before[0], readClocks(server.pid));
  return { ...result, cpuSeconds, clientCores: clientSeconds / result.seconds };
}

/** Answers of 221 frames, eight at a time, as fast as the reader takes them. */
async function measureFrames(server, { scale }) {
  const prompt = promptFor(long);
  const calls = callsFor(server, 320, scale);
  await server.ask('burst', { prompt, calls: callsFor(server, 400, warmUp(scale)), concurrency: 8 });
  const { seconds, frames, bytes, cpuSeconds, clientCores, firstFrameMs } = await timed(server, {
    prompt,
    calls,
    concurrency: 8,
  });
  await server.probe('loop.start');
  await server.ask('burst', { prompt, calls: Math.ceil(calls / 4), concurrency: 8 });
  const loop = await server.probe('loop.stop');
  const alone = await server.ask('burst', { prompt, calls: Math.ceil(40 * scale), concurrency: 1 });
  return {
    callsPerSecond: calls / seconds,
    framesPerSecond: frames / seconds,
    megabytesPerSecond: bytes / seconds / 1e6,
    cpuMicrosPerFrame: (cpuSeconds * 1e6) / frames,
    firstFrameP50Ms: firstFrameMs.p50,
    firstFrameP99Ms: firstFrameMs.p99,
    firstFrameAloneMs: alone.firstFrameMs.p50,
    clientCores,
    ...loopFigures(loop),
  };
}

/** Two sentences, forty conversations at once. */
async function measureSessions(server, { scale }) {
  const prompt = promptFor(short);
  const burst = { prompt, calls: Math.ceil(1_200 * scale), concurrency: 40 };
  await server.ask('burst', { ...burst, calls: Math.ceil(3_000 * warmUp(scale)) });
  const { seconds, cpuSeconds, firstFrameMs } = await timed(server, burst);
  return {
    callsPerSecond: burst.calls / seconds,
    cpuMsPerCall: (cpuSeconds * 1e3) / burst.calls,
    firstFrameP50Ms: firstFrameMs.p50,
    firstFrameP99Ms: firstFrameMs.p99,
  };
}

const FEW = 10;
const SOME = 200;
const MANY = 1_000;
/** A thousand ends come in slices. */
const RELEASE_MS = 2_000;

/** Streams that wait for their model: what each holds, and how long an admission takes beside them (one call at a time, to its headers). */
async function measureWaiting(server, { scale }) {
  const prompt = promptFor(short);
  const admissions = { prompt, calls: Math.ceil(1_000 * scale), concurrency: 1 };
  await server.ask('burst', { prompt, calls: Math.ceil(1_500 * warmUp(scale)), concurrency: 40 });
  const heapBefore = await heap(server);
  await server.ask('hold', { count: FEW });
  const beside10 = await server.ask('burst', admissions);
  await server.ask('hold', { count: SOME });
  const [heapOfSome, rssOfSome] = [await heap(server), residentBytes(server.pid)];
  await server.ask('hold', { count: MANY });
  const [heapOfMany, rssOfMany] = [await heap(server), residentBytes(server.pid)];
  const beside1000 = await server.ask('burst', admissions);
  await server.ask('release');
  await sleep(RELEASE_MS);
  const heapAfter = await heap(server);
  const each = (many, some) => (many - some) / (MANY - SOME) / 1024;
  return {
    rssKBPerStream: each(rssOfMany, rssOfSome),
    admissionP50Beside10Ms: beside10.headersMs.p50,
    admissionP99Beside10Ms: beside10.headersMs.p99,
    admissionP50Ms: beside1000.headersMs.p50,
    admissionP99Ms: beside1000.headersMs.p99,
    ...(heapOfMany !== null && {
      heapKBPerStream: each(heapOfMany, heapOfSome),
      heapMBBefore: heapBefore / 2 ** 20,
      heapMBAfter: heapAfter / 2 ** 20,
    }),
  };
}

function heap(server) {
  return server.probe('heap');
}

/** Costs by size, in an order of chance: `costs[i]` is what one answer of `sizes[i]`, or that many at once (`callsOfOne`), took, in ms of CPU. */
async function measureGrowth(server, { scale, random }, { sizes, answer, runsOf, callsOfOne }) {
  const burstOf = (size) => {
    const { calls, concurrency } = runsOf(size);
    const count = Math.max(concurrency, Math.ceil(calls * scale));
    return { prompt: promptFor(answer(size)), calls: Math.ceil(count / concurrency) * concurrency, concurrency };
  };
  for (const size of sizes.slice(0, -1)) {
    const { prompt, calls, concurrency } = burstOf(size);
    await server.ask('burst', { prompt, calls: Math.ceil(calls / 2), concurrency });
  }
  const costs = new Map();
  for (const size of shuffled(sizes, random)) {
    const burst = burstOf(size);
    const { cpuSeconds } = await timed(server, burst);
    costs.set(size, (cpuSeconds * 1e3 * callsOfOne(size)) / burst.calls);
  }
  return { sizes, costs: sizes.map((size) => costs.get(size)) };
}

const warmUp = (scale) => Math.max(scale, LEAST_WARM_UP);

/** A server in Python takes several times as long, and needs no time to get warm. */
function callsFor({ variant }, calls, scale) {
  return Math.max(8, Math.ceil(calls * scale * (variant.family === 'python' ? 0.4 : 1)));
}

function loopFigures(loop) {
  if (loop === null) return {};
  return { loopDelayP50Ms: loop.p50Ms, loopDelayP99Ms: loop.p99Ms, loopDelayMaxMs: loop.maxMs };
}
