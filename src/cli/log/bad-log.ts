/** What the commands that work on one log do with one that can't be read. */
import { type BadLog, type EventLog, isBadLog } from '../../log/log-reader.ts';
import { type Output, printable } from '../terminal/output.ts';
import { openLog } from './log-files.ts';

/** The log at `path`; null after it was said on `stderr` what is wrong with it. */
export async function openGoodLog(path: string, stderr: Output): Promise<EventLog | null> {
  const log = await openLog(path);
  if (!isBadLog(log)) return log;
  reportBadLog(stderr, path, log);
  return null;
}

/** Says what is wrong with a log that can't be read. */
export function reportBadLog(output: Output, path: string, { line, turn, why }: BadLog): void {
  const place = line === 0 ? '' : ` line ${line}${turn === null ? '' : ` (turn ${turn})`},`;
  output.line(`${printable(path)}: ${output.styled('red', 'bad log:')}${place} ${printable(why)}`);
}
