/**
 * Hosts the supervisor chart and all streams: the chart decides, this carries out. The owner of admissions (admissions.ts) and the floor where streams
 * run (stream-floor.ts) are joined here in one process. The actors of streams are root actors in a map, not children of the supervisor's
 * actor: spawning and stopping children costs time linear in the live sessions (docs/decisions/0001).
 *
 * Invariants, cited as "Supervisor host N"; rpc/ relies on 1 to 4, the server's stop on 5:
 *  1. Admission. Whether a call gets a stream, or a chunk is kept, is decided before `open`, `openWelcome` or `collect` returns, so calls
 *     are decided in the order in which they came; with a quota `open` is, as soon as that has answered, in the order of its session. A
 *     refusal takes nothing: no slot, no quota, nothing of what was collected.
 *  2. Refusals. Each is counted under its error_type and logged, once, whoever found the reason.
 *  3. Slots. A stream holds one from its admission to the turn in which its chart ends, and no longer: at most `maxStreams` do, and it is
 *     free before the client can see the end.
 *  4. Interrupts. One is over when the last stream of the device is, and the welcome streams of its sessions; it names each session once,
 *     and touches no other stream.
 *  5. Drain. It is through when no stream holds a slot: each had its grace period, and was ended then.
 *  6. Faults. What throws in here is reported under the stream's id, and ends neither the process nor any other stream.
 * Streams begin and end in their turns (live-streams.ts): at once, unless there is a crowd of them.
 */
import type { Admissions } from './admissions.ts';
import { StreamFloor, type StreamFloorOptions } from './stream-floor.ts';

/** The supervisor, running. */
export class SupervisorHost extends StreamFloor {
  readonly #admissions: Admissions;

  constructor(admissions: Admissions, options: Omit<StreamFloorOptions, 'admissions'>) {
    super({ ...options, admissions: (floor) => admissions.portOf(floor) });
    this.#admissions = admissions;
  }

  /** From now on calls are admitted. */
  openAdmission(): void {
    this.#admissions.open();
  }

  /** Refuses new calls from now on; resolves when no stream runs any more, at the latest soon after the grace period. */
  drain(): Promise<void> {
    return this.#admissions.drain();
  }

  get activeStreams(): number {
    return this.#admissions.activeStreams;
  }

  get queuedCalls(): number {
    return this.#admissions.queuedCalls;
  }

  get attachedStreams(): number {
    return this.#admissions.attachedStreams;
  }

  get inFlight(): number {
    return this.#admissions.inFlight;
  }
}
