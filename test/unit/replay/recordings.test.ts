/**
 * Every recording in test/recordings, each a test of its own: `recital log to-test` puts them there, and nobody edits them. One without an
 * expectation must replay identically; one with (`*.expected.json` beside it) must end as it says (src/replay/keep/recording-check.ts).
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { isBadLog, readLog } from '../../../src/log/log-reader.ts';
import { checkRecording, readExpectation } from '../../../src/replay/keep/recording-check.ts';

const folder = process.env.RECORDINGS_DIR ?? fileURLToPath(new URL('../../recordings', import.meta.url));
const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).sort();
const recordings = files.filter((name) => name.endsWith('.jsonl'));

test('there are recordings', () => {
  expect(recordings).not.toEqual([]);
});

test('every expectation has its recording', () => {
  const expected = files.filter((name) => name.endsWith('.expected.json'));
  expect(expected.filter((name) => !recordings.includes(name.replace(/\.expected\.json$/, '.jsonl')))).toEqual([]);
});

test.each(recordings)('%s', (name) => {
  const path = join(folder, name);
  const log = readLog(readFileSync(path, 'utf8'));
  if (isBadLog(log)) expect.fail(`bad log: line ${log.line}, ${log.why}`);
  const { isMet, words } = checkRecording(log, readExpectation(path));
  if (!isMet) expect.fail(words);
});
