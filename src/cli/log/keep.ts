/** What is made of logs to be kept: `recital log extract`, `to-test` and `to-scenario`. What stands in the way is never overwritten. */
import { existsSync, mkdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { type EventLog, endReasonOf, isFailedEnd } from '../../log/log-reader.ts';
import { checkRecording, type Expectation, goodEnd, writeExpectation } from '../../replay/keep/recording-check.ts';
import { exportScenario } from '../../replay/keep/scenario-export.ts';
import { memberOf } from '../../segments/segment-places.ts';
import { type CommandContext, exitCodes } from '../terminal/command.ts';
import { type Output, printable } from '../terminal/output.ts';
import { countText } from '../terminal/progress.ts';
import { Indexes, logBytes, logFileName, openHeader, systemWordsOf } from './log-files.ts';
import { type GivenLog, selectLogs, withEachLog } from './log-selection.ts';
import { idsOf } from './log-text.ts';

/** The test that replays all recordings, and where they stand; from the top of a checkout. */
const recordingsTest = 'test/unit/replay/recordings.test.ts';
const recordings = 'test/recordings';

export interface LogToTestOptions {
  readonly paths: readonly string[];
  /** Of the test; undefined = from the end reason and the stream id. */
  readonly name: string | undefined;
  /** The folder of the recordings; undefined = that of the checkout that the working folder is in. */
  readonly into: string | undefined;
  /** How the session should have ended; undefined = a failed one well, any other as it did. */
  readonly expect: string | undefined;
  /** The end is right as it is, whatever it was. */
  readonly pin: boolean;
}

/**
 * `to-test`: logs become regression tests. Each is copied, byte for byte, to where one generic test replays every recording; beside
 * it, for a session that failed, stands how it should have ended. Good = written, failed = there is such a test already, unusable =
 * a log can't be read, or there is nowhere to write to.
 */
export async function logToTest({ paths, ...options }: LogToTestOptions, context: CommandContext): Promise<number> {
  const checkout = checkoutAbove(process.cwd());
  const { into = checkout && join(relative('', checkout), recordings), name } = options;
  if (into === null) {
    const where = `this folder is in no checkout of Recital, whose ${recordingsTest} replays recordings`;
    context.stderr.line(`${context.stderr.styled('red', 'error:')} ${where}; --into DIR writes the test elsewhere`);
    return exitCodes.unusable;
  }
  return withEachLog(paths, context, {
    choose: (logs) => (name === undefined || logs <= 1 ? null : `--name is for one log; ${logs} are given`),
    work: async (given, { stdout, stderr }) => {
      try {
        return await makeTest(given, { ...options, into, checkout, stdout, stderr });
      } catch (error) {
        return notWritten(stderr, into, error);
      }
    },
  });
}

/** The top of the checkout of this project that `folder` is in; null = it is in none. */
function checkoutAbove(folder: string): string | null {
  for (let dir = resolve(folder); ; dir = dirname(dir)) {
    if (existsSync(join(dir, recordingsTest))) return dir;
    if (dirname(dir) === dir) return null;
  }
}

function notWritten(stderr: Output, path: string, error: unknown): number {
  const what = `${printable(path)} can't be written: ${printable(systemWordsOf(error))}`;
  stderr.line(`${stderr.styled('red', 'error:')} ${what}`);
  return exitCodes.unusable;
}

interface TestPlace extends Pick<LogToTestOptions, 'name' | 'expect' | 'pin'> {
  readonly into: string;
  readonly checkout: string | null;
  readonly stdout: Output;
  readonly stderr: Output;
}

async function makeTest(
  { path, log }: GivenLog,
  { name, expect, pin, into, checkout, stdout, stderr }: TestPlace,
): Promise<number> {
  const { machine, version, redaction } = log.header;
  const testName = `${name ?? nameOf(log)}-v${safe(version)}`;
  const copy = join(into, safe(machine), `${testName}.jsonl`);
  const expectation = expectationFor(log, { expect, pin });
  const bytes = await logBytes(path);
  const exists = writeTest(bytes, copy, expectation);
  if (exists !== null) {
    stderr.line(`${stderr.styled('red', 'not written:')} ${printable(exists)} exists; give another --name`);
    return exitCodes.failed;
  }
  stdout.line(`wrote ${printable(copy)}`);
  reportTest(stdout, log, expectation);
  if (redaction === 'full') {
    stdout.line(stdout.styled('yellow', 'This log holds what was said word for word, and now the test does too.'));
  }
  stdout.line(`run it: ${printable(wayToRun({ into, checkout, testName }))}`);
  if (checkout === null && expectation === null) stdout.line(`or anywhere: recital replay ${printable(copy)}`);
  return exitCodes.good;
}

function wayToRun({ into, checkout, testName }: { into: string; checkout: string | null; testName: string }): string {
  const isDefault = checkout !== null && resolve(into) === join(checkout, recordings);
  const folder = isDefault ? '' : `RECORDINGS_DIR=${quoted(resolve(into))} `;
  const run = `${folder}npx vitest run ${recordingsTest} -t ${testName}`;
  if (checkout === null) return `in a checkout of Recital, ${run}`;
  return resolve(checkout) === process.cwd() ? run : `in ${checkout}, ${run}`;
}

/** Copies the log and writes its expectation; names what is in the way, and leaves that as it is. */
function writeTest(bytes: Uint8Array, copy: string, expectation: Expectation | null): string | null {
  mkdirSync(join(copy, '..'), { recursive: true });
  try {
    writeFileSync(copy, bytes, { flag: 'wx' });
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
  // A log without an end has none that could be expected otherwise.
  return log.footer !== null && isFailedEnd(endReasonOf(log.footer)) ? { reason: goodEnd } : null;
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

export interface LogToScenarioOptions {
  readonly paths: readonly string[];
  /** A file, or for several logs a folder; undefined = stdout. */
  readonly out: string | undefined;
}

/**
 * `to-scenario`: a full log as a scenario file, so that a whole server re-runs the session over gRPC. The scenario goes to stdout or
 * `out`; how to run it, and what is not as it was, to stderr. Good = written, failed = refused and why, unusable = the log can't be
 * read.
 */
export async function logToScenario({ paths, out }: LogToScenarioOptions, context: CommandContext): Promise<number> {
  const isFolder = out !== undefined && isFolderAt(out);
  return withEachLog(paths, context, {
    choose: (logs) =>
      logs <= 1 || isFolder ? null : `a scenario is of one log, ${logs} are given: give --out a folder`,
    work: ({ path, log }, { stdout, stderr }) => {
      const file = isFolder ? join(out, logFileName(path).replace(/(\.jsonl)?$/, '.scenario.json')) : out;
      try {
        return makeScenario(log, { path, file, stdout, stderr });
      } catch (error) {
        return notWritten(stderr, file ?? 'stdout', error);
      }
    },
  });
}

function isFolderAt(path: string): boolean {
  return existsSync(path) && statSync(path).isDirectory();
}

interface ScenarioPlace {
  readonly path: string;
  readonly file: string | undefined;
  readonly stdout: Output;
  readonly stderr: Output;
}

function makeScenario(log: EventLog, { path, file, stdout, stderr }: ScenarioPlace): number {
  const exported = exportScenario(log);
  if ('refused' in exported) {
    stderr.line(`${stderr.styled('red', 'no scenario:')} ${printable(path)}: ${printable(exported.refused)}`);
    return exitCodes.failed;
  }
  const { scenario, settings, notes } = exported;
  const text = `${JSON.stringify(scenario, null, 2)}\n`;
  if (file === undefined) stdout.write(text);
  else if (!writeNew(file, text)) {
    stderr.line(`${stderr.styled('red', 'not written:')} ${printable(file)} exists`);
    return exitCodes.failed;
  }
  for (const note of notes) stderr.line(`${stderr.styled('yellow', 'note:')} ${printable(note)}`);
  const engines = { ANSWER_ENGINE: 'scripted', SPEECH_ENGINE: 'scripted', SCENARIO_FILE: file ?? 'scenario.json' };
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

export interface LogExtractOptions {
  /** What a session id, a stream id or the name of a log begins with; or, without paths, the path of a log as `list` tells it. */
  readonly id: string;
  readonly paths: readonly string[];
  /** A file, or a folder; undefined = stdout. */
  readonly out: string | undefined;
}

/**
 * `extract`: the file of one session's log, wherever it stands. Several that match go into a folder alone. Good = written, failed = nothing
 * matches, unusable = several match and --out is no folder, a file is in the way, or something can't be read.
 */
export async function extractLogs({ id, paths, out }: LogExtractOptions, context: CommandContext): Promise<number> {
  const isPath = paths.length === 0 && (memberOf(id) !== null || (existsSync(id) && !isFolderAt(id)));
  const selected = await selectLogs(isPath ? [id] : paths, context);
  if (selected === null) return exitCodes.unusable;
  const { progress, stderr, faults } = selected;
  const found: string[] = isPath ? [...selected.paths] : [];
  const indexes = new Indexes();
  for (const [index, path] of isPath ? [] : selected.paths.entries()) {
    const { streamId, sessionId } = (await indexes.of(path))?.entry ?? idsOf((await openHeader(path))?.input);
    if ([sessionId, streamId, logFileName(path)].some((each) => each.startsWith(id))) found.push(path);
    progress.tell(() => countText(index + 1, selected.paths.length, 'log'));
  }
  progress.clear();
  const isFolder = out !== undefined && isFolderAt(out);
  if (isPath && found.length === 0) return exitCodes.unusable;
  if (found.length === 0) {
    stderr.line(`none of ${selected.paths.length} logs is of ${printable(JSON.stringify(id))}`);
    return faults > 0 ? exitCodes.unusable : exitCodes.failed;
  }
  if (found.length > 1 && !isFolder) {
    stderr.line(`${stderr.styled('red', 'error:')} ${found.length} logs match; --out with a folder takes them all:`);
    for (const path of found.slice(0, MAX_TOLD)) stderr.line(`  ${printable(path)}`);
    return exitCodes.unusable;
  }
  let code: number = faults > 0 ? exitCodes.unusable : exitCodes.good;
  for (const path of found) {
    const file = out === undefined || !isFolder ? out : join(out, logFileName(path));
    code = Math.max(code, await writeLog(path, file, context));
  }
  return code;
}

const MAX_TOLD = 20;

async function writeLog(path: string, file: string | undefined, context: CommandContext): Promise<number> {
  const { stdout, stderr } = context;
  let bytes: Uint8Array;
  try {
    bytes = await logBytes(path);
  } catch (error) {
    return notWritten(stderr, path, error);
  }
  const text = new TextDecoder().decode(bytes);
  try {
    if (file === undefined) for (const line of text.split('\n').slice(0, -1)) stdout.line(line);
    else if (!writeNew(file, text)) {
      stderr.line(`${stderr.styled('red', 'not written:')} ${printable(file)} exists`);
      return exitCodes.unusable;
    } else stdout.line(`wrote ${printable(file)}`);
    return exitCodes.good;
  } catch (error) {
    return notWritten(stderr, file ?? path, error);
  }
}
