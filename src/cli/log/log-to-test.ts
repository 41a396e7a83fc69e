/**
 * `recital log to-test FILE`: a log becomes a regression test. It is copied, byte for byte, to where one generic test replays every
 * recording; beside it, for a session that failed, stands how it should have ended. Nothing is overwritten.
 */
import { constants, copyFileSync, mkdirSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { EventLog } from '../../log/log-reader.ts';
import { writeExpectation } from '../../replay/keep/expectation-file.ts';
import { checkRecording, type Expectation, goodEnd, isFailedEnd } from '../../replay/keep/recording-check.ts';
import { type CommandContext, exitCodes } from '../terminal/command.ts';
import { type Output, printable } from '../terminal/output.ts';
import { openGoodLog } from './log-files.ts';

const defaultRecordings = 'test/recordings';

export interface LogToTestOptions {
  readonly path: string;
  /** Of the test; undefined = from the end reason and the stream id. */
  readonly name: string | undefined;
  readonly into: string;
  /** How the session should have ended; undefined = a failed one well, any other as it did. */
  readonly expect: string | undefined;
  /** The end is right as it is, whatever it was. */
  readonly pin: boolean;
}

/** Makes a test of one log: good = written, failed = there is such a test already, unusable = the log can't be read. */
export async function logToTest(options: LogToTestOptions, { stdout, stderr }: CommandContext): Promise<number> {
  const { path, name, into, expect, pin } = options;
  const log = await openGoodLog(path, stderr);
  if (log === null) return exitCodes.unusable;
  const { machine, version, redaction } = log.header;
  const testName = `${name ?? nameOf(log)}-v${safe(version)}`;
  const copy = join(into, safe(machine), `${testName}.jsonl`);
  const expectation = expectationFor(log, { expect, pin });
  const exists = writeTest(path, copy, expectation);
  if (exists !== null) {
    stderr.line(`${stderr.styled('red', 'not written:')} ${printable(exists)} exists; give another --name`);
    return exitCodes.failed;
  }
  stdout.line(`wrote ${printable(copy)}`);
  report(stdout, log, expectation);
  if (redaction === 'full') {
    stdout.line(stdout.styled('yellow', 'This log holds what was said word for word, and now the test does too.'));
  }
  const folder = resolve(into) === resolve(defaultRecordings) ? '' : `RECORDINGS_DIR=${resolve(into)} `;
  stdout.line(`run it: ${printable(folder)}npx vitest run test/unit/replay/recordings.test.ts -t ${testName}`);
  return exitCodes.good;
}

/** Copies the log and writes its expectation; names what is in the way, and leaves that as it is. */
function writeTest(path: string, copy: string, expectation: Expectation | null): string | null {
  mkdirSync(join(copy, '..'), { recursive: true });
  try {
    copyFileSync(path, copy, constants.COPYFILE_EXCL);
  } catch (error) {
    if (isExisting(error)) return copy;
    throw error;
  }
  try {
    if (expectation !== null) writeExpectation(copy, expectation);
    return null;
  } catch (error) {
    rmSync(copy);
    if (isExisting(error)) return `an expectation for ${copy}`;
    throw error;
  }
}

function isExisting(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'EEXIST';
}

function expectationFor(log: EventLog, { expect, pin }: Pick<LogToTestOptions, 'expect' | 'pin'>): Expectation | null {
  if (pin) return null;
  if (expect !== undefined) return { reason: expect };
  return isFailedEnd(log) ? { reason: goodEnd } : null;
}

function report(output: Output, log: EventLog, expectation: Expectation | null): void {
  const { isMet, words } = checkRecording(log, expectation);
  if (expectation === null) {
    output.line('it pins what was recorded: the test is red as soon as a replay goes another way');
  } else {
    const then = log.footer?.reason ?? 'no end';
    output.line(`the session ended as ${printable(then)}; the test expects ${printable(expectation.reason)}`);
    if (!isMet) output.line('(if its end was right, make the test with --pin instead)');
  }
  output.line(`${output.styled(isMet ? 'green' : 'red', isMet ? 'green today:' : 'red today:')} ${printable(words)}`);
}

/** `answer_stalled-9269120c`: the end, and whose it was. */
function nameOf({ header, footer }: EventLog): string {
  const ID_CHARS = 8;
  const { input } = header;
  const streamId: unknown = typeof input === 'object' && input !== null ? Reflect.get(input, 'streamId') : undefined;
  const id = typeof streamId === 'string' && streamId !== '' ? streamId.slice(0, ID_CHARS) : header.startedAt;
  const end = footer === null ? 'no_end' : footer.reason || footer.status;
  return safe(`${end}-${id}`);
}

function safe(text: string): string {
  return text.replace(/[^A-Za-z0-9._-]+/g, '_').replace(/^\.+/, '_');
}
