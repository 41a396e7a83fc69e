// The clients of bench/overload.mjs, in a process of its own: calls at a steady rate, whatever becomes of them, over bare HTTP/2, so that one core
// can read what another one sends. Prints one line of JSON: how late the frames of accepted streams were, what refusals and interrupts took.
// A frame's due time is the stream's own: its place times the pace, from the earliest that any of its frames allows.
import { connect } from 'node:http2';
import { fileURLToPath } from 'node:url';
import { loadPackageDefinition } from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import { percentile } from './measure.mjs';

const { port, callsPerSecond, settleMs, measureMs, frames, paceMs, connections, lateMs, interruptEveryMs } = JSON.parse(
  process.argv[2],
);
const proto = fileURLToPath(new URL('../proto/streaming.proto', import.meta.url));
const { streaming } = loadPackageDefinition(loadSync(proto, { keepCase: true, defaults: true, oneofs: true }));
const { StreamAudio, InterruptSession } = streaming.StreamingService.service;

const sessions = await Promise.all(Array.from({ length: connections }, () => opened()));
const tick = 5;
const startedAtMs = performance.now();
const fromMs = startedAtMs + settleMs;
const untilMs = fromMs + measureMs;
/** Those whose frames are measured: what they send within the measured time counts. */
const streams = [];
const live = new Map();
const figures = {
  opened: 0,
  accepted: 0,
  refused: 0,
  failed: {},
  withRetry: 0,
  first: [],
  refusals: [],
  interrupts: [],
};
const interruptFaults = [];
const lags = [];
let calls = 0;
let lastMs = startedAtMs;
let nextInterruptMs = startedAtMs + interruptEveryMs;

await new Promise((done) => {
  const timer = setInterval(() => {
    const nowMs = performance.now();
    lags.push(nowMs - lastMs - tick);
    lastMs = nowMs;
    if (nowMs >= untilMs) {
      clearInterval(timer);
      done();
      return;
    }
    for (const due = ((nowMs - startedAtMs) / 1000) * callsPerSecond; calls < due; calls += 1) ask(calls);
    if (nowMs >= nextInterruptMs) {
      nextInterruptMs = nowMs + interruptEveryMs;
      interrupt();
    }
  }, tick);
});
// What is under way has a second to be answered; what is not by then took at least that long.
await new Promise((wake) => setTimeout(wake, 1_000));
report();
process.exit();

function opened() {
  const session = connect(`http://127.0.0.1:${port}`, { settings: { initialWindowSize: 1024 * 1024 } });
  session.on('error', () => {});
  return new Promise((resolve) => session.once('remoteSettings', () => resolve(session)));
}

function request(session, path, message) {
  const stream = session.request({
    ':method': 'POST',
    ':path': path,
    te: 'trailers',
    'content-type': 'application/grpc',
  });
  stream.on('error', () => {});
  const prefix = Buffer.alloc(5);
  prefix.writeUInt32BE(message.length, 1);
  stream.end(Buffer.concat([prefix, message]));
  return stream;
}

function onStatus(stream, take) {
  const look = (headers) => {
    if (headers['grpc-status'] !== undefined) take(headers);
  };
  stream.on('response', look);
  stream.on('trailers', look);
}

function ask(index) {
  const device = `device-${index}`;
  const atMs = performance.now();
  const stream = request(
    sessions[index % sessions.length],
    StreamAudio.path,
    StreamAudio.requestSerialize({ prompt: 'speak', hardware_id: device }),
  );
  const isMeasured = atMs >= fromMs;
  if (isMeasured) figures.opened += 1;
  const arrivals = [];
  const heard = { arrivals, isOver: false };
  let rest = 0;
  let header = Buffer.alloc(0);
  stream.on('data', (chunk) => {
    const nowMs = performance.now();
    for (let at = 0; at < chunk.length; ) {
      if (rest > 0) {
        const taken = Math.min(rest, chunk.length - at);
        rest -= taken;
        at += taken;
        continue;
      }
      const needed = 5 - header.length;
      header = Buffer.concat([header, chunk.subarray(at, at + needed)]);
      at += needed;
      if (header.length < 5) return;
      rest = header.readUInt32BE(1);
      header = Buffer.alloc(0);
      // Sound alone has a pace; words and ends are small.
      if (rest > 4_000) arrivals.push(nowMs);
      if (rest > 4_000 && arrivals.length === 1) begun();
    }
  });
  const begun = () => {
    live.set(device, stream);
    streams.push(heard);
    if (isMeasured) figures.accepted += 1;
    if (isMeasured) figures.first.push(performance.now() - atMs);
  };
  onStatus(stream, (headers) => {
    live.delete(device);
    heard.isOver = true;
    if (!isMeasured || headers['grpc-status'] === '0') return;
    const type = headers['error-type'] ?? `status ${headers['grpc-status']}`;
    if (type === 'interrupted') return;
    if (type !== 'overloaded') {
      figures.failed[type] = (figures.failed[type] ?? 0) + 1;
      return;
    }
    figures.refused += 1;
    figures.refusals.push(performance.now() - atMs);
    const details = Buffer.from(headers['grpc-status-details-bin'] ?? '', 'base64').toString('latin1');
    if (details.includes('google.rpc.RetryInfo')) figures.withRetry += 1;
  });
}

/** Of a device that has a stream, if any has. */
function interrupt() {
  const [device = 'nobody'] = live.keys();
  const atMs = performance.now();
  const isMeasured = atMs >= fromMs;
  const session = sessions[Math.floor(Math.random() * sessions.length)];
  const stream = request(session, InterruptSession.path, InterruptSession.requestSerialize({ hardware_id: device }));
  stream.resume();
  const entry = { atMs, tookMs: Number.POSITIVE_INFINITY };
  if (isMeasured) figures.interrupts.push(entry);
  onStatus(stream, (headers) => {
    entry.tookMs = performance.now() - atMs;
    if (headers['grpc-status'] !== '0') interruptFaults.push(headers['grpc-message']);
  });
}

function report() {
  const endMs = performance.now();
  let [sent, inTime] = [0, 0];
  for (const { arrivals, isOver } of streams) {
    const anchorMs = Math.min(...arrivals.map((atMs, place) => atMs - place * paceMs));
    // What should have come and has not is late as well.
    for (let place = 0; place < frames; place += 1) {
      const dueMs = anchorMs + place * paceMs;
      if (dueMs < fromMs || dueMs > untilMs) continue;
      const atMs = arrivals[place];
      // Interrupted before it came.
      if (atMs === undefined && isOver) continue;
      sent += 1;
      if (atMs !== undefined && atMs - dueMs <= lateMs) inTime += 1;
    }
  }
  const sorted = (values) => values.toSorted((a, b) => a - b);
  const round = (value) => (value === undefined ? null : Math.round(Math.min(value, endMs - startedAtMs) * 10) / 10);
  const shares = (values) => ({
    count: values.length,
    p50: round(percentile(sorted(values), 0.5)),
    p99: round(percentile(sorted(values), 0.99)),
  });
  const { opened: asked, accepted, refused, failed, withRetry, first, refusals, interrupts } = figures;
  console.log(
    JSON.stringify({
      asked,
      accepted,
      refused,
      failed,
      unanswered: asked - accepted - refused - Object.values(failed).reduce((sum, count) => sum + count, 0),
      live: live.size,
      frames: sent,
      framesPerSecond: Math.round(sent / (measureMs / 1000)),
      inTimeShare: sent === 0 ? null : Math.round((inTime / sent) * 10_000) / 10_000,
      firstSoundMs: shares(first),
      refusalMs: shares(refusals),
      retryInfoShare: refused === 0 ? null : withRetry / refused,
      interruptMs: shares(interrupts.map(({ tookMs }) => tookMs)),
      interruptFaults: interruptFaults.length,
      clientLagMs: shares(lags),
    }),
  );
}
