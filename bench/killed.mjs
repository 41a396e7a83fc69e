// npm run bench:killed: what the event logs of a killed process lack. A server under load is killed (SIGKILL) at a random moment, again and
// again; what its client had received by then is compared with what its segment holds:
//   line     how old the newest line of the segment was: no turn of the last so many ms before the kill is on the disk
//   frame    of the text frames that the client had and no log tells of, how long before the kill the first one had come
//   frames   how many those are, of all that had come; bytes: how much of the segment's end is no whole block
// Client and server share the machine's clock. --streams at a time, each answer a word at a time; --rounds.
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { credentials } from '@grpc/grpc-js';
import { isBadLog, readLogBytes } from '../dist/log/log-reader.js';
import { OpenedSegment } from '../dist/log/opened-segment.js';
import { StreamingServiceClient } from '../dist/rpc/proto.js';
import { fileSource } from '../dist/segments/segment-bytes.js';
import { startServer } from './measure.mjs';
import { wordByWord } from './workload.mjs';

const { values: options } = parseArgs({
  options: {
    rounds: { type: 'string', default: '20' },
    streams: { type: 'string', default: '5' },
    json: { type: 'boolean', default: false },
  },
});
/** Behind the first frame of each of the first calls. */
const LOAD_MS = 3_000;
const cli = fileURLToPath(new URL('../dist/cli.js', import.meta.url));
const nowMs = () => performance.timeOrigin + performance.now();

const dir = mkdtempSync(join(tmpdir(), 'recital-bench-'));
const rounds = [];
try {
  const scenarioFile = join(dir, 'scenario.json');
  writeFileSync(scenarioFile, JSON.stringify(wordByWord));
  for (let round = 0; round < Number(options.rounds); round += 1) {
    rounds.push(await killedOnce(join(dir, String(round)), scenarioFile));
    if (!options.json) console.log(wordsOf(rounds.at(-1)));
  }
} finally {
  rmSync(dir, { recursive: true, force: true });
}
const sorted = (pick) => rounds.map(pick).sort((a, b) => a - b);
const at = (values, share) => values[Math.min(values.length - 1, Math.floor(values.length * share))];
const [line, frame] = [sorted(({ lineMs }) => lineMs), sorted(({ frameMs }) => frameMs)];
const total = { rounds: rounds.length, line: [at(line, 0.5), at(line, 1)], frame: [at(frame, 0.5), at(frame, 1)] };
if (options.json) console.log(JSON.stringify({ total, rounds }));
else console.log(`median and largest: line ${total.line.map(ms).join(', ')}; frame ${total.frame.map(ms).join(', ')}`);

async function killedOnce(dataDir, scenarioFile) {
  const engines = { ANSWER_ENGINE: 'scripted', SPEECH_ENGINE: 'scripted', SCENARIO_FILE: scenarioFile };
  const bounds = { BACKPRESSURE_MAX_STREAMS: '1000', BACKPRESSURE_MAX_STREAMS_PER_DEVICE: '0' };
  const ports = {
    GRPC_PORT: '0',
    HTTP_PORT: '0',
    DATA_DIR: dataDir,
    LOG_LEVEL: 'info',
    MAX_STREAMS_PER_CONNECTION: '1000',
  };
  const { child, port } = await startServer('recital', [cli, 'serve'], { ...ports, ...bounds, ...engines });
  const client = new StreamingServiceClient(`127.0.0.1:${port}`, credentials.createInsecure());
  /** By session id, when each text frame came. */
  const received = new Map();
  let isOver = false;
  const hold = (number) => {
    const session = `killed-${number}`;
    const times = [];
    received.set(session, times);
    const call = client.StreamAudio({ prompt: 'go', session_id: session, hardware_id: session });
    call.on('data', ({ text_chunk: text }) => {
      if (text) times.push(nowMs());
    });
    call.on('error', () => {});
    call.once('close', () => !isOver && hold(number + Number(options.streams)));
  };
  for (let number = 0; number < Number(options.streams); number += 1) hold(number);
  const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
  while ([...received.values()].slice(0, Number(options.streams)).some((times) => times.length === 0)) await pause(10);
  await pause(LOAD_MS + Math.random() * 500);
  const exited = new Promise((resolve) => child.once('exit', resolve));
  const killedAtMs = nowMs();
  child.kill('SIGKILL');
  isOver = true;
  await exited;
  client.close();
  return { ...(await compare(dataDir, received, killedAtMs)), streams: received.size };
}

async function compare(dataDir, received, killedAtMs) {
  const logs = join(dataDir, 'event-logs');
  const [name] = readdirSync(logs, { recursive: true }).filter((each) => each.endsWith('.segment.jsonl'));
  const segment = new OpenedSegment(fileSource(join(logs, name)));
  await segment.look();
  if (segment.fault !== null) throw new Error(`byte ${segment.fault.at}: ${segment.fault.why}`);
  let newestMs = 0;
  const logged = new Map();
  for (const member of segment.members) {
    const bytes = await segment.bytesOf(member);
    const log = typeof bytes === 'string' ? { why: bytes } : readLogBytes(bytes);
    if (isBadLog(log)) throw new Error(`${member.name}: ${log.why}`);
    newestMs = Math.max(newestMs, Date.parse(log.header.startedAt) + (log.turns.at(-1)?.atMs ?? 0));
    const effects = log.turns.flatMap((turn) => turn.effects ?? []);
    const texts = effects.filter((effect) => effect.startsWith('say sentence.reached')).length;
    logged.set(log.header.input.sessionId, texts);
  }
  const missing = [...received].flatMap(([session, times]) => times.slice(logged.get(session) ?? 0));
  const before = missing.filter((time) => time <= killedAtMs);
  return {
    lineMs: killedAtMs - newestMs,
    frameMs: before.length === 0 ? 0 : killedAtMs - Math.min(...before),
    missing: before.length,
    frames: [...received.values()].flat().length,
    lostBytes: segment.lost?.bytes ?? 0,
  };
}

function ms(value) {
  return `${value.toFixed(1)} ms`;
}

function wordsOf({ lineMs, frameMs, missing, frames, lostBytes, streams }) {
  return `line ${ms(lineMs)}, frame ${ms(frameMs)}, frames ${missing} of ${frames}, bytes ${lostBytes}, ${streams} calls`;
}
