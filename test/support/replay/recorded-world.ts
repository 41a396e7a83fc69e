/** Sessions of the simulated world (machines/session-world.ts), recorded by the recorder of a server, and logs that somebody altered. */

import { LineChain, type LogLine } from '../../../src/log/log-format.ts';
import type { EventLog } from '../../../src/log/log-reader.ts';
import { ActorLog } from '../../../src/record/actor-log.ts';
import { sessionRecording } from '../../../src/record/chart-recordings.ts';
import { logMaker, type RedactionMode } from '../../../src/record/redaction.ts';
import { runWorld, type WorldPlan, type WorldRun } from '../machines/session-world.ts';
import { bodiesOf, goodLog } from './hand-recording.ts';

export interface RecordedWorld {
  /** As it stands in the file. */
  readonly text: string;
  readonly log: EventLog;
  readonly run: WorldRun;
}

/** A world that was recorded while it ran. */
export function recordWorld(plan: WorldPlan, redaction: RedactionMode = 'full'): RecordedWorld {
  const newLog = logMaker(sessionRecording, { redaction, build: 'test' });
  const log = new ActorLog(newLog('2026-11-22T10:00:00.000Z'));
  const run = runWorld(plan, (turn, atMs) => log.add(turn, atMs));
  const text = log.takeLines() + log.close();
  return { text, log: goodLog(text), run };
}

/** How a session of the plan ends. */
export function endOf(run: WorldRun): string {
  return run.session.output?.reason ?? 'never';
}

/** What people said, and a voice that works. */
export const plainPlan: WorldPlan = {
  limits: { idleTimeoutMs: 100_000, speechTimeoutMs: 15_000, sessionTimeoutMs: 600_000 },
  answer: [
    { afterMs: 400, say: 'The first sentence is said. ' },
    { afterMs: 300, say: 'Here comes the second one. ' },
    { afterMs: 300, say: 'And that is all there is to say.' },
  ],
  answerHangs: false,
  speech: [{ soundAfterMs: 100, lastsMs: 2_000, failures: 0, breaksInSound: false, hangs: false }],
  readerStallsAtMs: null,
  intrusions: [],
};

/** A log with one line more, fewer or other than it had; hashes, turn numbers and the footer made good again, as who tampers would. */
export function tampered(text: string, change: (lines: LogLine[]) => LogLine[]): string {
  const lines = change(bodiesOf(text).map((body): LogLine => JSON.parse(body)));
  const chain = new LineChain();
  let turns = 0;
  return lines
    .map((line): LogLine => {
      if (line.kind === 'footer') return { ...line, turns };
      if (line.kind !== 'turn') return line;
      turns += 1;
      return { ...line, turn: turns - 1 };
    })
    .map((line) => chain.write(line))
    .join('');
}
