// What the soak and the attack share: a seed, a server of their own, what was found wrong, and how that is told. A trial ends with 1 where
// anything was.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startRecital } from '../servers.mjs';
import { residentBytes } from './processes.mjs';

/** Until nothing runs any more. */
const SETTLED_MS = 20_000;
const LOOK_MS = 100;
/** As /status calls them. */
const running = ['active_streams', 'in_flight', 'active_answers', 'active_speech'];

export class Trial {
  /** @param {string | undefined} seed By chance where none is given. */
  constructor(seed) {
    this.seed = Number(seed ?? Math.floor(Math.random() * 2 ** 31));
    this.faults = [];
  }

  found(fault) {
    this.faults.push(fault);
  }

  /** Prints what was found, with the seed that finds it again. */
  end() {
    for (const fault of this.faults) console.error(`FAULT (seed ${this.seed}): ${fault}`);
    process.exitCode = this.faults.length === 0 ? 0 : 1;
  }

  /** A server with scripted engines, whose logged faults and whose end in disorder are found; `stop()` removes what it wrote. */
  async startServer(scenario, { env, nodeArgs, hasChannel }) {
    const dir = mkdtempSync(join(tmpdir(), 'recital-trial-'));
    let httpPort = 0;
    const onLine = ({ decision, ctx }) => {
      if (decision === 'ready') httpPort = ctx.http_port;
      if (decision === 'fault') this.found(`the server logged a fault: ${JSON.stringify(ctx)}`);
    };
    const { child, port } = await startRecital(dir, { scenario, nodeArgs, env, onLine, hasChannel });
    // A trial that is broken off leaves neither a server nor its files behind.
    const abandon = () => {
      child.kill('SIGKILL');
      rmSync(dir, { recursive: true, force: true, maxRetries: 5 });
    };
    process.once('exit', abandon);
    for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(1));
    const status = async () =>
      (await fetch(`http://127.0.0.1:${httpPort}/status`, { headers: { connection: 'close' } })).json();
    return {
      child,
      port,
      status,
      settled: () => settled(status),
      residentMb: () => residentBytes(child.pid) / 1024 / 1024,
      stop: async () => {
        const isEarly = child.exitCode !== null || child.signalCode !== null;
        const ended = isEarly ? Promise.resolve() : new Promise((resolve) => child.once('exit', resolve));
        child.kill('SIGTERM');
        await ended;
        process.off('exit', abandon);
        const how = child.signalCode ?? child.exitCode;
        if (isEarly || how !== 0) this.found(`the server ended with ${how}${isEarly ? ' by itself' : ''}`);
        rmSync(dir, { recursive: true, force: true, maxRetries: 5 });
      },
    };
  }
}

/** The status once nothing runs, or when that takes too long. */
async function settled(status) {
  for (let waitedMs = 0; ; waitedMs += LOOK_MS) {
    const seen = await status();
    if (running.every((name) => seen[name] === 0) || waitedMs >= SETTLED_MS) return seen;
    await new Promise((wake) => setTimeout(wake, LOOK_MS));
  }
}

/** Counts `key`. */
export function count(counts, key) {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}

/** The counts in the order of their keys, as text. */
export function told(counts) {
  return [...counts].sort().map(([key, times]) => `${key}: ${times}`);
}
