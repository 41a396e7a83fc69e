/**
 * What if: how would a recorded session have ended under other limits? The pure chart is played twice over the recorded facts, under the recorded
 * limits and under the others, and the second play counts only as long as the world outside could not have told the two apart.
 *
 * The rules, so that an answer is never a guess:
 * - A timer that both plays armed in the same turn with the same delay fires when it was recorded to fire. Any other fires when its delay is over,
 *   or up to LATE_MS later, as timers do. Where a recorded fact falls into that time and their order matters, nothing is decided.
 * - A question (how long has the reader taken nothing? how long has the voice been silent?) changes nothing outside, so it may be asked at another
 *   time. It is answered from what is recorded where that is enough (what-if-answers.ts); else nothing is decided.
 * - Once the second play says, asks of an actor or starts something that the first did not, the later facts are of another world: unless it is over
 *   by then, nothing is decided from that turn on. One exception: when it has said all it has to say (it leaves out or exchanges its command, all
 *   else being the same; or it fails for a sentence that has no sound), it ends as soon as that is out, and it has no more frames to hand over
 *   than the recorded session had. So when that one's are out, its are, too; unless something else came first that could have ended it.
 * - A session that goes on beyond its recorded end would not have ended so; what would have come then is not in the log.
 * - A rate is counted by the outbox, not by the chart: see what-if-rate.ts.
 */
import type { AnyStateMachine } from 'xstate';
import { wordsOf } from '../../errors.ts';
import type { EventLog } from '../../log/log-reader.ts';
import type { SessionLimits } from '../../machines/session/session.types.ts';
import { recordedInput } from '../../replay/recorded-limits.ts';
import { replay } from '../../replay/replayer.ts';
import { WhatIfRun } from './what-if-run.ts';
import { type Moment, undetermined, type WhatIfVerdict } from './what-if-verdict.ts';

const atBegin: Moment = { turn: 0, atMs: 0 };

/** How the session of `log` would have ended if `change` had been made to its limits. */
export function whatIf(
  log: EventLog,
  machine: AnyStateMachine,
  change: (recorded: SessionLimits) => SessionLimits,
): WhatIfVerdict {
  const input = recordedInput.safeParse(log.header.input);
  if (!input.success) return undetermined(atBegin, 'the log does not say under which limits it was recorded');
  const { divergence } = replay(log, machine);
  if (divergence !== null) {
    return undetermined(
      atBegin,
      `the log itself does not replay: it diverges at turn ${divergence.turn} (${divergence.field})`,
    );
  }
  const recorded = input.data.limits;
  const limits = change(recorded);
  try {
    return new WhatIfRun(machine, { log, recorded: input.data, changed: { ...input.data, limits } }).play();
  } catch (error) {
    // A chart that throws is a bug of its own; here it only means that nothing can be told.
    return undetermined(atBegin, `the chart threw: ${wordsOf(error)}`);
  }
}
