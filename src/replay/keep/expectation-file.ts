/**
 * How the session of a recording should have ended, in a file beside it: `x.jsonl` is the recording, byte for byte as a
 * server wrote it, and `x.expected.json` says `{"reason": "completed"}`. No such file: the recording pins what was
 * recorded.
 */
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { z } from 'zod';
import type { Expectation } from './recording-check.ts';

const fileSchema = z.strictObject({ reason: z.string().min(1) });

/** Where the expectation of a recording stands. */
export function expectationPath(recording: string): string {
  return recording.replace(/\.jsonl$/, '.expected.json');
}

/** The expectation beside a recording; null if there is none. Throws for one that can't be read: it must not count as none. */
export function readExpectation(recording: string): Expectation | null {
  const path = expectationPath(recording);
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
    throw error;
  }
  try {
    return fileSchema.parse(JSON.parse(text));
  } catch (cause) {
    throw new Error(`${path} must be like {"reason": "completed"}`, { cause });
  }
}

/** Writes the expectation; throws if there is one already. */
export function writeExpectation(recording: string, { reason }: Expectation): void {
  writeFileSync(expectationPath(recording), `${JSON.stringify({ reason })}\n`, { flag: 'wx' });
}

export function removeExpectation(recording: string): void {
  rmSync(expectationPath(recording), { force: true });
}
