/**
 * The writer thread of the event logs: plain synchronous file calls, the cheapest there are, where a slow disk makes nobody wait but the logs. A
 * file that can't be written is given up and told once; what stands in it stays readable up to there.
 */
import { closeSync, mkdirSync, openSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { parentPort } from 'node:worker_threads';
import { assert } from '../assert.ts';
import type { FromWriter, ToWriter, WriteOrder } from './log-writer-protocol.ts';

assert(parentPort !== null, 'log-writer-thread runs in a worker thread only');
const port = parentPort;

/** Descriptors of the files that are open; null = given up. */
const files = new Map<string, number | null>();

port.on('message', (message: ToWriter) => {
  if (message.kind === 'stop') {
    for (const path of files.keys()) close(path);
    tell({ kind: 'stopped' });
    port.close();
    return;
  }
  let chars = 0;
  for (const order of message.orders) {
    chars += order.lines.length;
    carryOut(order);
  }
  tell({ kind: 'written', chars });
});

function carryOut({ path, lines, isLast }: WriteOrder): void {
  try {
    const file = files.has(path) ? files.get(path) : open(path);
    if (typeof file === 'number') {
      files.set(path, file);
      writeAll(file, Buffer.from(lines));
    }
  } catch (error) {
    tell({ kind: 'failed', path, why: error instanceof Error ? error.message : String(error) });
    close(path);
    files.set(path, null);
  }
  if (isLast) close(path);
}

function open(path: string): number {
  try {
    return openSync(path, 'ax');
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error;
    mkdirSync(dirname(path), { recursive: true });
    return openSync(path, 'ax');
  }
}

/** A disk may take a part only. */
function writeAll(file: number, bytes: Buffer): void {
  let start = 0;
  while (start < bytes.byteLength) start += writeSync(file, bytes, start);
}

function close(path: string): void {
  const file = files.get(path);
  files.delete(path);
  if (typeof file !== 'number') return;
  try {
    closeSync(file);
  } catch {
    // What was written is written; there is nobody to whom it would make a difference.
  }
}

function tell(message: FromWriter): void {
  port.postMessage(message);
}
