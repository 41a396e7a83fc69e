// npm run bench:replay: what `recital replay` and `recital log list` take over many logs of 25 turns, in one segment and in a file a session.
// The logs are made here from one answer of seven sentences; then processes of the command read them, one after the other.
// CPU is user + system time of such a process, all its threads and its start included; the wall clock counts on a quiet machine alone.
// --logs 10000; --rounds 3; --keep leaves the logs and says where; --seconds 90: no run begins that would not be over by then, and one that
// is not is ended and left out. How far it is stands on stderr.
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { definitionHash } from '../dist/log/chart-definition.js';
import { LineChain, LOG_FORMAT } from '../dist/log/log-format.js';
import { logNameOf, SEGMENT_FORMAT, segmentLine, segmentNameOf } from '../dist/log/segment-format.js';
import { sessionMachine } from '../dist/machines/session/session.machine.js';
import { OutcomeTeller } from '../dist/record/turn-outcome.js';
import { ChartRun } from '../dist/replay/pure-chart.js';
import { median } from './measure.mjs';
import { sessionLimits } from './workload.mjs';

const { values: options } = parseArgs({
  options: {
    logs: { type: 'string', default: '10000' },
    rounds: { type: 'string', default: '3' },
    seconds: { type: 'string', default: '90' },
    keep: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
  },
});
const logs = Number(options.logs);
const rounds = Number(options.rounds);
const mostMs = 1000 * Number(options.seconds);
const SENTENCES = 7;
const DAY = '2026-01-31';
const STARTED_AT_MS = Date.parse(`${DAY}T12:00:00.000Z`);

let wholeSession;

const folder = mkdtempSync(join(tmpdir(), 'recital-replay-'));
try {
  const made = makeLogs();
  tell(`${logs} logs in a segment`);
  const rows = [];
  for (const [name, args, path] of [
    ['replay, a segment', ['replay', '--quiet'], made.segment],
    ['replay, files', ['replay', '--quiet'], made.files],
    ['log list, a segment', ['log', 'list'], made.segment],
    ['log list --check, a segment', ['log', 'list', '--check'], made.segment],
    ['log list, files', ['log', 'list'], made.files],
  ])
    rows.push({ name, runs: [], args: [...args, path] });
  for (let round = 0; round < rounds; round += 1) {
    // Each goes first and last equally often.
    for (const row of round % 2 === 0 ? rows : rows.toReversed()) await runOnce(row, made, round + 1);
  }
  report(rows, made);
  process.exitCode = rows.some(({ runs }) => runs.length === 0) ? 1 : 0;
} finally {
  if (options.keep) console.log(`logs in ${folder}`);
  else rmSync(folder, { recursive: true, force: true });
}

function tell(what) {
  process.stderr.write(`${(performance.now() / 1000).toFixed(1).padStart(5)} s  ${what}\n`);
}

async function runOnce({ name, runs, args }, made, round) {
  if (args.at(-1) === made.files) made.writeFiles();
  const leftMs = mostMs - performance.now();
  const before = Math.max(0, ...runs.map(({ wallSeconds }) => 1000 * wallSeconds));
  const run = leftMs > before ? await runFor(leftMs, args) : null;
  if (run !== null) runs.push(run);
  const took = run === null ? 'no time left' : `${run.wallSeconds.toFixed(2)} s, ${run.cpuSeconds.toFixed(2)} s CPU`;
  tell(`round ${round}, ${name}: ${took}; load ${loadavg()[0].toFixed(1)}`);
}

/**
 * The logs in a segment; `writeFiles` writes the same ones in a file each, once. Where the disk is busy with others, that takes longer than all
 * else: it waits until somebody reads them.
 */
function makeLogs() {
  const filesDir = join(folder, 'files');
  const segmentDir = join(folder, 'segment', DAY);
  mkdirSync(join(filesDir, DAY), { recursive: true });
  mkdirSync(segmentDir, { recursive: true });
  const startedAt = new Date(STARTED_AT_MS).toISOString();
  const header = { segment: SEGMENT_FORMAT, run: '5f0c9a3e', pid: 4711, host: 'mill', version: '1.0.0', startedAt };
  const parts = [segmentLine(header)];
  let at = Buffer.byteLength(parts[0]);
  let turns = 0;
  const index = [];
  const files = [];
  for (let number = 0; number < logs; number += 1) {
    const log = makeLog(number);
    turns += log.turns;
    files.push([join(filesDir, DAY, `${log.name}.jsonl`), log.text]);
    const bytes = Buffer.byteLength(log.text);
    const lines = log.turns + 2;
    const head = segmentLine({ log: number, name: log.name, lines, bytes });
    const { text: _, ...told } = log;
    index.push({ indexed: number, ...told, blocks: 1, lines, bytes, last: at });
    parts.push(head, log.text);
    at += Buffer.byteLength(head) + bytes;
  }
  const path = join(segmentDir, segmentNameOf(header));
  for (const entry of index) parts.push(segmentLine(entry));
  parts.push(segmentLine({ end: { logs, indexAt: at } }));
  writeFileSync(path, parts.join(''));
  const writeFiles = () => {
    if (files.length === 0) return;
    for (const [file, text] of files.splice(0)) {
      if (performance.now() > mostMs) break;
      writeFileSync(file, text);
    }
    tell(`${logs} logs in files`);
  };
  return { files: filesDir, segment: path, bytes: statSync(path).size, turns, writeFiles };
}

/** What one session is told and does, turn by turn; as the server records it. */
function playSession(number, turns = Number.POSITIVE_INFINITY) {
  const run = new ChartRun(sessionMachine);
  const teller = new OutcomeTeller('shape');
  const played = [];
  let last = run.start(inputOf(number));
  for (const event of events(number)) {
    if (played.length === turns) break;
    if (played.length > 0) last = run.take(event);
    played.push(teller.tell(last.after, last.actions));
  }
  if (played.length < turns && last.after.status !== 'done')
    throw new Error(`the session of the bench is ${JSON.stringify(last.after.value)}`);
  return played;
}

function inputOf(number) {
  const last = String(number).padStart(12, '0');
  return {
    streamId: `5f0c9a3e-0000-4000-8000-${last}`,
    sessionId: `00000000-0000-4000-8000-${last}`,
    hardwareId: `device-${number % 400}`,
    limits: sessionLimits,
  };
}

function* events(number) {
  yield { type: 'xstate.init' };
  yield { type: 'request.received', prompt: `What xxx you xx xxxx ${number}?` };
  let atMs = 26;
  for (let sentence = 0; sentence < SENTENCES; sentence += 1) {
    yield { type: 'answer.textReceived', text: `${sentence === 0 ? '' : ' '}The xxxxx xxxx xx it,`, atMs };
    yield { type: 'answer.textReceived', text: ' and what xxxxxxx xx it, is xxxx here.', atMs: atMs + 13 };
    if (sentence > 0) yield { type: 'speech.finished', segment: sentence - 1, audioBytes: 12_288 };
    atMs += sentence > 0 ? 39 : 26;
  }
  yield { type: 'answer.finished' };
  yield { type: 'speech.finished', segment: SENTENCES - 1, audioBytes: 12_288 };
  yield { type: 'outbox.flushed' };
}

/** One of the sessions. Who asks is seen in the first two turns; what is done behind them is the same in all, and played once. */
function makeLog(number) {
  const ASKING_TURNS = 2;
  wholeSession ??= playSession(0);
  const outcomes = [...playSession(number, ASKING_TURNS), ...wholeSession.slice(ASKING_TURNS)];
  const input = inputOf(number);
  const startedAt = new Date(STARTED_AT_MS + ((number * 37) % 600_000)).toISOString();
  const chain = new LineChain();
  let text = chain.write({
    ...{ kind: 'header', format: LOG_FORMAT, machine: sessionMachine.id, version: sessionMachine.version },
    ...{ definition: definitionHash(sessionMachine), build: '0.1.0', redaction: 'shape', startedAt, input },
  });
  let turn = 0;
  for (const event of events(number)) {
    text += chain.writeTurn({ turn, atMs: turn * 13, event }, outcomes[turn]);
    turn += 1;
  }
  text += chain.write({ kind: 'footer', status: 'done', reason: 'completed', turns: turn, dropped: 0 });
  const { streamId, sessionId, hardwareId } = input;
  return {
    ...{ name: logNameOf(startedAt, streamId), text, machine: sessionMachine.id, startedAt, streamId, sessionId },
    ...{ hardwareId, reason: 'completed', state: 'done', durationMs: (turn - 1) * 13, turns: turn, dropped: 0 },
  };
}

/** Runs the command, and resolves with what it took; null = it was not over in `mostMs`. */
async function runFor(mostMs, args) {
  const cli = fileURLToPath(new URL('../dist/cli.js', import.meta.url));
  const usageFile = join(folder, 'usage.json');
  // Its last word, to a file: it counts the threads that have ended.
  const probe = `import { writeFileSync } from 'node:fs'; process.on('exit', () => writeFileSync(process.env.USAGE_FILE, JSON.stringify({
    ...process.cpuUsage(), maxRss: process.resourceUsage().maxRSS })));`;
  const probed = ['--import', `data:text/javascript,${encodeURIComponent(probe)}`];
  const startedAtMs = performance.now();
  const child = spawn(process.execPath, [...probed, cli, ...args], {
    env: { PATH: process.env.PATH, USAGE_FILE: usageFile, NO_COLOR: '1' },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let isLate = false;
  const timer = setTimeout(() => {
    isLate = true;
    child.kill('SIGKILL');
  }, mostMs);
  let output = '';
  child.stdout.setEncoding('utf8');
  for await (const chunk of child.stdout) output += chunk;
  const code = child.exitCode ?? (await new Promise((resolve) => child.once('exit', resolve)));
  clearTimeout(timer);
  if (isLate) return null;
  const wallMs = performance.now() - startedAtMs;
  const { user, system, maxRss } = JSON.parse(readFileSync(usageFile, 'utf8'));
  const lines = output.trimEnd().split('\n');
  const told = args[0] === 'replay' ? lines[0] : `${lines.length} lines`;
  if (code !== 0) throw new Error(`${args.join(' ')} ended with ${code}: ${lines.slice(0, 5).join('\n')}`);
  const isAll = args[0] === 'replay' ? told === `${logs} logs: ${logs} identical, 0 diverged, 0 unreadable` : null;
  if (isAll === false) throw new Error(told);
  return { cpuSeconds: (user + system) / 1e6, wallSeconds: wallMs / 1000, rssMiB: maxRss / 1024, told };
}

function report(rows, { bytes, turns }) {
  const results = rows.flatMap(({ name, runs }) => {
    if (runs.length === 0) return [];
    const [cpu, wall, rss] = ['cpuSeconds', 'wallSeconds', 'rssMiB'].map((key) =>
      median(runs.map((each) => each[key])),
    );
    return {
      name,
      cpuSeconds: cpu,
      wallSeconds: wall,
      rssMiB: rss,
      told: runs[0].told,
      cpuOfRounds: runs.map((each) => each.cpuSeconds),
    };
  });
  if (options.json) {
    console.log(JSON.stringify({ logs, turns, bytes, rounds, results }));
    return;
  }
  console.log(`${logs} logs, ${turns} turns, ${(bytes / 1e6).toFixed(1)} MB; medians of up to ${rounds} rounds`);
  for (const { name, cpuSeconds, wallSeconds, rssMiB, told } of results)
    console.log(
      `${name.padEnd(20)} ${cpuSeconds.toFixed(2).padStart(7)} s CPU ${((cpuSeconds * 1e6) / logs).toFixed(0).padStart(6)} µs a log` +
        ` ${wallSeconds.toFixed(2).padStart(7)} s ${(logs / wallSeconds).toFixed(0).padStart(6)} logs/s ${rssMiB.toFixed(0).padStart(5)} MiB  ${told}`,
    );
}
