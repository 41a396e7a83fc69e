// What the benchmarks share: servers in processes of their own, a client in another, and how their figures are taken.
import { spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const here = (file) => fileURLToPath(new URL(file, import.meta.url));

/** A server process on a free port; `onLine` is told its log lines. `hasChannel`: it can be spoken to by messages. */
export async function startServer(name, args, env, stderr = 'inherit', onLine = () => {}, hasChannel = false) {
  const child = spawn(process.execPath, args, {
    env: { PATH: process.env.PATH, ...env },
    stdio: ['ignore', 'pipe', stderr, ...(hasChannel ? ['ipc'] : [])],
  });
  const port = await new Promise((resolve, reject) => {
    createInterface(child.stdout).on('line', (line) => {
      const { decision, ctx } = JSON.parse(line);
      if (decision === 'ready') resolve(ctx.grpc_port);
      onLine({ decision, ctx });
    });
    child.once('exit', (code) => reject(new Error(`${name} ended with ${code}`)));
  });
  return { name, child, port };
}

/** Lets another process make the calls, and resolves with what it measured. */
export async function runClient({ port }, { calls, concurrency, prompt }) {
  const args = [port, calls, concurrency, ...(prompt === undefined ? [] : [prompt])].map(String);
  const child = spawn(process.execPath, [here('./client.mjs'), ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
  let output = '';
  for await (const chunk of child.stdout) output += chunk;
  return JSON.parse(output);
}

/** User + system time of a process so far, all its living threads included; to the nanosecond, unlike the ticks of /proc/<pid>/stat. */
export function cpuSeconds(pid) {
  const nanoseconds = readdirSync(`/proc/${pid}/task`).map((thread) =>
    Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').split(' ')[0]),
  );
  return nanoseconds.reduce((sum, value) => sum + value, 0) / 1e9;
}

/** The same in ticks of 10 ms, with the threads that have ended meanwhile. */
export function cpuSecondsOfAllThreads(pid) {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  // Behind the name, which may hold anything, utime and stime are the 12th and 13th field.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

/** System time of a process so far, in ticks of 10 ms, with the threads that have ended meanwhile. */
export function systemSeconds(pid) {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[12]) / 100;
}

export function percentile(sorted, share) {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];
}

export function median(values) {
  return percentile(
    values.toSorted((a, b) => a - b),
    0.5,
  );
}

/** What `read` tells when it changes no more, by half a percent: on a busy machine it takes seconds until every stream has begun. */
export async function settled(read, pauseMs) {
  let known = 0;
  for (let look = 0; look < 60; look += 1) {
    await new Promise((wake) => setTimeout(wake, pauseMs));
    const value = await read();
    if (Math.abs(value - known) < value / 200) return value;
    known = value;
  }
  throw new Error('it has not come to rest within 60 looks');
}
