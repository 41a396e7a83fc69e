/**
 * `recital log re-record PATH… --reason WHY`: accepts an intended change of recordings. The recorded events are given to today's chart,
 * and what it does with them takes the place of what it did. A file is replaced in one step or left as it is, whatever becomes of
 * the others.
 */
import { renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { wordsOf } from '../../errors.ts';
import { type EventLog, isBadLog } from '../../log/log-reader.ts';
import {
  checkRecording,
  differenceText,
  type Expectation,
  type ReRecording,
  readExpectation,
  removeExpectation,
  reRecord,
} from '../../replay/keep/recording-check.ts';
import { machineFor } from '../../replay/machine-shelf.ts';
import { type ReplayVerdict, replay } from '../../replay/replayer.ts';
import { memberOf } from '../../segments/segment-places.ts';
import { packageVersion } from '../../server/package-version.ts';
import { type CommandContext, exitCodes } from '../terminal/command.ts';
import { type Output, printable } from '../terminal/output.ts';
import { openLog, systemWordsOf } from './log-files.ts';
import { type GivenLog, withEachLog } from './log-selection.ts';

export interface LogReRecordOptions {
  readonly paths: readonly string[];
  readonly reason: string;
  /** Where the new log of one goes; undefined = in the place of the old one. */
  readonly out: string | undefined;
}

/** Good = recorded anew, or there is nothing to accept; failed = one was refused; unusable = one can't be read or written. */
export async function reRecordLogs(
  { paths, reason, out }: LogReRecordOptions,
  context: CommandContext,
): Promise<number> {
  const counts = { anew: 0, same: 0, refused: 0 };
  let isMany = false;
  const code = await withEachLog(paths, context, {
    choose: (logs) => {
      if (out !== undefined && logs > 1) return `--out is for one log; ${logs} are given`;
      isMany = logs > 1;
      return null;
    },
    work: (given, { stdout, stderr }) => reRecordOne(given, { reason, out, counts, stdout, stderr }),
  });
  if (isMany) {
    const { anew, same, refused } = counts;
    context.stdout.line(`${anew} recorded anew, ${same} identical and left alone, ${refused} refused`);
  }
  return code;
}

interface ReRecordPlace extends Pick<LogReRecordOptions, 'reason' | 'out'> {
  readonly counts: Record<'anew' | 'same' | 'refused', number>;
  readonly stdout: Output;
  readonly stderr: Output;
}

async function reRecordOne({ path, log, isOne }: GivenLog, place: ReRecordPlace): Promise<number> {
  const { counts, stdout, stderr } = place;
  const { machine: id } = log.header;
  // The newest one: an old version that is kept has nothing to accept.
  const machine = machineFor(id, '');
  const refuse = (why: string): number => {
    counts.refused += 1;
    stderr.line(`${printable(path)}: ${stderr.styled('red', 'not recorded anew:')} ${printable(why)}`);
    return exitCodes.failed;
  };
  if (machine === undefined) return refuse(`there is no chart named ${id}`);
  if (memberOf(path) !== null && place.out === undefined)
    return refuse('it stands in a segment, which is only appended to: --out writes the new one elsewhere');
  const verdict = replay(log, machine);
  if (verdict.divergence === null && verdict.definitionChanges.length === 0) {
    counts.same += 1;
    const what = 'identical, by the same definition: there is nothing to accept, and nothing is changed';
    if (isOne) stdout.line(`${printable(path)}: ${what}`);
    return exitCodes.good;
  }
  let anew: ReRecording;
  try {
    anew = reRecord(log, { machine, reason: place.reason, build: packageVersion() });
  } catch (error) {
    return refuse(wordsOf(error));
  }
  return accept({ path, log, verdict, anew }, place);
}

interface Accepted {
  readonly path: string;
  readonly log: EventLog;
  readonly verdict: ReplayVerdict;
  readonly anew: ReRecording;
}

async function accept({ path, log, verdict, anew }: Accepted, place: ReRecordPlace): Promise<number> {
  const { reason, out, counts, stdout, stderr } = place;
  const target = out ?? path;
  try {
    replaceFile(target, anew.text, statSync(memberOf(path)?.file ?? path).mode & 0o777);
  } catch (error) {
    const what = `${printable(target)} can't be written: ${printable(systemWordsOf(error))}`;
    stderr.line(`${stderr.styled('red', 'error:')} ${what}`);
    return exitCodes.unusable;
  }
  counts.anew += 1;
  for (const change of verdict.definitionChanges) stdout.line(`accepted: ${change}`);
  if (verdict.divergence !== null) stdout.line(`accepted: ${printable(differenceText(verdict.divergence))}`);
  reportEnd(stdout, log, anew);
  stdout.line(`wrote ${printable(target)}, with the reason "${printable(reason)}" in its header`);
  return out === undefined ? settleExpectation(path, place) : exitCodes.good;
}

/** In one step, for whom the log was for; what was begun and can't be ended is taken away. */
function replaceFile(path: string, text: string, mode: number): void {
  const unfinished = `${path}.${process.pid}.new`;
  try {
    writeFileSync(unfinished, text, { flag: 'wx', mode });
    renameSync(unfinished, path);
  } catch (error) {
    rmSync(unfinished, { force: true });
    throw error;
  }
}

function reportEnd(output: Output, { footer, turns }: EventLog, { reason, leftOut }: ReRecording): void {
  const then = footer?.reason || 'no end';
  const now = reason === null ? 'no end: what would have come is not recorded' : reason || 'an end';
  if (then !== now) output.line(`the session ended as ${printable(then)} then; now: ${printable(now)}`);
  if (leftOut > 0) output.line(`${leftOut} of its ${turns.length} turns do not happen any more and are left out`);
}

/** A test that was to become green is, and pins from now on; one that is still red keeps what it waits for. */
async function settleExpectation(
  path: string,
  { stdout, stderr }: Pick<ReRecordPlace, 'stdout' | 'stderr'>,
): Promise<number> {
  let expectation: Expectation | null;
  try {
    expectation = readExpectation(path);
  } catch (error) {
    stderr.line(`${stderr.styled('red', 'error:')} ${printable(wordsOf(error))}; the test is left as it is`);
    return exitCodes.unusable;
  }
  const log = await openLog(path);
  if (expectation === null || isBadLog(log)) return exitCodes.good;
  const isOver = log.footer !== null && log.footer.status !== 'abandoned';
  const isMet = isOver ? checkRecording(log, expectation).isMet : expectation.reason === 'completed';
  if (isMet) removeExpectation(path);
  const wait = `still expects ${printable(expectation.reason)} and is red`;
  stdout.line(isMet ? 'its expectation is met and gone: the test pins the new outcome' : `the test ${wait}`);
  return exitCodes.good;
}
