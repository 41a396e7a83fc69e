/** The logs of a simulated world's charts, recorded as a server records them, in memory. */
import type { AnyStateMachine } from 'xstate';
import { ActorLog } from '../../../src/record/actor-log.ts';
import { sessionRecording, supervisorRecording, welcomeRecording } from '../../../src/record/chart-recordings.ts';
import { withRecorder } from '../../../src/record/recorded-logic.ts';
import { type ChartRecording, logMaker, type RedactionMode } from '../../../src/record/redaction.ts';
import type { ChartWatch } from '../../../src/server/composition.ts';
import type { ChartPlants } from './plants.ts';

/** Where lines of a log are taken while it grows, as a server does. */
const TURNS_PER_TAKE = 7;

export class Recordings {
  readonly #redaction: RedactionMode | null;
  readonly #now: () => number;
  readonly #logs = new Map<string, { readonly log: ActorLog; text: string; turns: number }>();
  #finished: (text: string) => string = (text) => text;

  constructor(redaction: RedactionMode | null, now: () => number) {
    this.#redaction = redaction;
    this.#now = now;
  }

  /** The charts to run: recorded, and with the planted fault in them. */
  watch(plants: ChartPlants): ChartWatch {
    this.#finished = plants.log ?? ((text) => text);
    return {
      ofSupervisor: (machine) => this.#recorded(plants.supervisor?.(machine) ?? machine, supervisorRecording),
      ofSessions: (machine) => this.#recorded(plants.sessions?.(machine) ?? machine, sessionRecording),
      ofWelcomes: (machine) => this.#recorded(machine, welcomeRecording),
    };
  }

  texts(): readonly string[] {
    return [...this.#logs.values()].map(({ log, text }) => this.#finished(text + log.takeLines() + log.close()));
  }

  #recorded<T extends AnyStateMachine>(machine: T, recording: ChartRecording): T {
    if (this.#redaction === null) return machine;
    const newLog = logMaker(recording, { redaction: this.#redaction, build: 'simulation' });
    return withRecorder(machine, (actorId) => {
      const id = `${machine.id} ${actorId}`;
      let entry = this.#logs.get(id);
      if (entry === undefined) {
        entry = { log: new ActorLog(newLog('2026-11-22T10:00:00.000Z')), text: '', turns: 0 };
        this.#logs.set(id, entry);
      }
      const own = entry;
      return {
        record: (turn) => {
          own.log.add(turn, this.#now());
          own.turns += 1;
          if (own.turns % TURNS_PER_TAKE === 0) own.text += own.log.takeLines();
        },
        noteThrow: (event) => own.log.noteThrow(event, this.#now()),
      };
    });
  }
}
