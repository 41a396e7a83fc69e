/** A link with a round trip between a test's client and its server; see delaying-proxy.mjs, which a process of its own runs. */
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const script = fileURLToPath(new URL('./delaying-proxy.mjs', import.meta.url));

export interface DelayingProxy {
  readonly port: number;
  stop(): Promise<void>;
}

/** Passes connections on to `targetPort` of 127.0.0.1; the caller stops it. */
export async function startDelayingProxy(targetPort: number, roundTripMs: number): Promise<DelayingProxy> {
  const child = spawn(process.execPath, [script, String(targetPort), String(roundTripMs)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const port = await new Promise<number>((resolve, reject) => {
    createInterface(child.stdout).once('line', (line) => {
      const listening: { port: number } = JSON.parse(line);
      resolve(listening.port);
    });
    void exited.then(() => reject(new Error('the proxy ended before it listened')));
  });
  return {
    port,
    stop: () => {
      child.kill();
      return exited;
    },
  };
}
