/** What is kept of a log: `recital log to-test`, `re-record` and `to-scenario`. What stands in the way is never overwritten. */
import { constants, copyFileSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { wordsOf } from '../../errors.ts';
import { type EventLog, isBadLog } from '../../log/log-reader.ts';
import {
  checkRecording,
  differenceText,
  type Expectation,
  goodEnd,
  isFailedEnd,
  type ReRecording,
  readExpectation,
  removeExpectation,
  reRecord,
  writeExpectation,
} from '../../replay/keep/recording-check.ts';
import { exportScenario } from '../../replay/keep/scenario-export.ts';
import { machineFor } from '../../replay/machine-shelf.ts';
import { replay } from '../../replay/replayer.ts';
import { packageVersion } from '../../server/package-version.ts';
import { type CommandContext, exitCodes } from '../terminal/command.ts';
import { type Output, printable } from '../terminal/output.ts';
import { openGoodLog, openLog } from './log-files.ts';

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

/**
 * `to-test`: a log becomes a regression test. It is copied, byte for byte, to where one generic test replays every recording;
 * beside it, for a session that failed, stands how it should have ended. Good = written, failed = there is such a test already,
 * unusable = the log can't be read.
 */
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
  reportTest(stdout, log, expectation);
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

function reportTest(output: Output, log: EventLog, expectation: Expectation | null): void {
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

export interface LogReRecordOptions {
  readonly path: string;
  readonly reason: string;
  /** Where the new log goes; undefined = in the place of the old one. */
  readonly out: string | undefined;
}

/**
 * `re-record`: accepts an intended change. The recorded events are given to today's chart, and what it does with them takes the
 * place of what it did; the reason stays in the header. The file is replaced in one step, or kept with `out`. Good = recorded anew,
 * or there is nothing to accept; failed = refused; unusable = the log can't be read.
 */
export async function reRecordLog(
  { path, reason, out }: LogReRecordOptions,
  { stdout, stderr }: CommandContext,
): Promise<number> {
  const log = await openGoodLog(path, stderr);
  if (log === null) return exitCodes.unusable;
  const { machine: id } = log.header;
  // The newest one: an old version that is kept has nothing to accept.
  const machine = machineFor(id, '');
  if (machine === undefined) {
    stderr.line(`${stderr.styled('red', 'not recorded anew:')} there is no chart named ${printable(id)}`);
    return exitCodes.failed;
  }
  const { divergence, definitionChanges } = replay(log, machine);
  if (divergence === null && definitionChanges.length === 0) {
    stdout.line(
      `${printable(path)}: identical, by the same definition: there is nothing to accept, and nothing is changed`,
    );
    return exitCodes.good;
  }
  let anew: ReRecording;
  try {
    anew = reRecord(log, { machine, reason, build: packageVersion() });
  } catch (error) {
    stderr.line(`${stderr.styled('red', 'not recorded anew:')} ${printable(wordsOf(error))}`);
    return exitCodes.failed;
  }
  for (const change of definitionChanges) stdout.line(`accepted: ${change}`);
  if (divergence !== null) stdout.line(`accepted: ${printable(differenceText(divergence))}`);
  reportEnd(stdout, log, anew);
  const target = out ?? path;
  const unfinished = `${target}.${process.pid}.new`;
  writeFileSync(unfinished, anew.text, { flag: 'wx' });
  renameSync(unfinished, target);
  stdout.line(`wrote ${printable(target)}, with the reason "${printable(reason)}" in its header`);
  if (out === undefined) await settleExpectation(stdout, path);
  return exitCodes.good;
}

function reportEnd(output: Output, { footer, turns }: EventLog, { reason, leftOut }: ReRecording): void {
  const then = footer?.reason || 'no end';
  const now = reason === null ? 'no end: what would have come is not recorded' : reason || 'an end';
  if (then !== now) output.line(`the session ended as ${printable(then)} then; now: ${printable(now)}`);
  if (leftOut > 0) output.line(`${leftOut} of its ${turns.length} turns do not happen any more and are left out`);
}

/** A test that was to become green is, and pins from now on; one that is still red keeps what it waits for. */
async function settleExpectation(output: Output, path: string): Promise<void> {
  const expectation = readExpectation(path);
  if (expectation === null) return;
  const log = await openLog(path);
  if (isBadLog(log)) return;
  const isOver = log.footer !== null && log.footer.status !== 'abandoned';
  const isMet = isOver ? checkRecording(log, expectation).isMet : expectation.reason === 'completed';
  if (isMet) removeExpectation(path);
  const wait = `still expects ${printable(expectation.reason)} and is red`;
  output.line(isMet ? 'its expectation is met and gone: the test pins the new outcome' : `the test ${wait}`);
}

export interface LogToScenarioOptions {
  readonly path: string;
  /** undefined = stdout. */
  readonly out: string | undefined;
}

/**
 * `to-scenario`: a full log as a scenario file, so that a whole server re-runs the session over gRPC. The scenario goes to stdout or
 * `out`; how to run it, and what is not as it was, to stderr. Good = written, failed = refused and why, unusable = the log can't be
 * read.
 */
export async function logToScenario(
  { path, out }: LogToScenarioOptions,
  { stdout, stderr }: CommandContext,
): Promise<number> {
  const log = await openGoodLog(path, stderr);
  if (log === null) return exitCodes.unusable;
  const exported = exportScenario(log);
  if ('refused' in exported) {
    stderr.line(`${stderr.styled('red', 'no scenario:')} ${printable(exported.refused)}`);
    return exitCodes.failed;
  }
  const { scenario, settings, notes } = exported;
  const text = `${JSON.stringify(scenario, null, 2)}\n`;
  if (out === undefined) stdout.write(text);
  else if (!writeNew(out, text)) {
    stderr.line(`${stderr.styled('red', 'not written:')} ${printable(out)} exists`);
    return exitCodes.failed;
  }
  for (const note of notes) stderr.line(`${stderr.styled('yellow', 'note:')} ${printable(note)}`);
  const engines = { ANSWER_ENGINE: 'scripted', SPEECH_ENGINE: 'scripted', SCENARIO_FILE: out ?? 'scenario.json' };
  const env = Object.entries({ ...settings, ...engines }).map(([name, value]) => `${name}=${quoted(value)}`);
  stderr.line(`the session ran under these settings:\n  ${printable(env.join(' '))} recital serve`);
  return exitCodes.good;
}

function writeNew(path: string, text: string): boolean {
  try {
    writeFileSync(path, text, { flag: 'wx' });
    return true;
  } catch (error) {
    if (isExisting(error)) return false;
    throw error;
  }
}

/** For a shell. */
function quoted(value: string): string {
  return /^[\w./:,-]+$/.test(value) ? value : `'${value.replaceAll("'", "'\\''")}'`;
}
