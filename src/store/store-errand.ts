/**
 * One piece of work on the store for the command line, in a process of its own: a damaged file ends that one, and a
 * stuck one is bounded.
 */
import { fork } from 'node:child_process';
import { storeScript } from './store-script.ts';

/** A server's process holds the store for some ms at a time. */
const ERRAND_DUE_MS = 20_000;

export type ErrandOutcome<T> = T | { readonly kind: 'failed'; readonly reason: string };

export interface Errand {
  readonly script: Parameters<typeof storeScript>[0];
  readonly args: readonly string[];
}

/** Resolves with the one message that the script sends; never rejects. */
export function runErrand<T>({ script, args }: Errand): Promise<ErrandOutcome<T>> {
  const child = fork(storeScript(script), [...args], { execArgv: [], stdio: ['ignore', 'ignore', 'ignore', 'ipc'] });
  return new Promise((resolve) => {
    const finish = (outcome: ErrandOutcome<T>): void => {
      clearTimeout(timer);
      resolve(outcome);
    };
    const timer = setTimeout(() => {
      child.kill('SIGKILL');
      finish({ kind: 'failed', reason: `it did not answer within ${ERRAND_DUE_MS / 1000}s` });
    }, ERRAND_DUE_MS);
    child.once('message', (message: T) => finish(message));
    child.once('error', ({ message }) => finish({ kind: 'failed', reason: message }));
    child.once('close', (code, signal) => {
      finish({ kind: 'failed', reason: `it is damaged: opening it ended with ${signal ?? `exit code ${code}`}` });
    });
  });
}
