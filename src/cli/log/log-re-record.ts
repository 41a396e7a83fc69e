/**
 * `recital log re-record FILE --reason WHY`: accepts an intended change. The recorded events are given to today's chart, and what it
 * does with them takes the place of what it did; the reason stays in the header. The file is replaced in one step, or kept with --out.
 */
import { renameSync, writeFileSync } from 'node:fs';
import { wordsOf } from '../../errors.ts';
import { type EventLog, isBadLog } from '../../log/log-reader.ts';
import { readExpectation, removeExpectation } from '../../replay/keep/expectation-file.ts';
import { type ReRecording, reRecord } from '../../replay/keep/re-recording.ts';
import { checkRecording, differenceText } from '../../replay/keep/recording-check.ts';
import { machineFor } from '../../replay/machine-shelf.ts';
import { replay } from '../../replay/replayer.ts';
import { packageVersion } from '../../server/package-version.ts';
import { type CommandContext, exitCodes } from '../terminal/command.ts';
import { type Output, printable } from '../terminal/output.ts';
import { openGoodLog, openLog } from './log-files.ts';

export interface LogReRecordOptions {
  readonly path: string;
  readonly reason: string;
  /** Where the new log goes; undefined = in the place of the old one. */
  readonly out: string | undefined;
}

/** Records one log anew: good = it is, or there is nothing to accept; failed = refused; unusable = the log can't be read. */
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
