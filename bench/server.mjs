// What the benchmarks share: a server in a process of its own, and percentiles.
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

export async function startServer(name, args, env, stderr = 'inherit') {
  const child = spawn(process.execPath, args, {
    env: { PATH: process.env.PATH, ...env },
    stdio: ['ignore', 'pipe', stderr],
  });
  const port = await new Promise((resolve, reject) => {
    createInterface(child.stdout).on('line', (line) => {
      const { decision, ctx } = JSON.parse(line);
      if (decision === 'ready') resolve(ctx.grpc_port);
    });
    child.once('exit', (code) => reject(new Error(`${name} ended with ${code}`)));
  });
  return { name, child, port };
}

export function percentile(sorted, share) {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];
}
