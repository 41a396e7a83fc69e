/** Which timers run after a turn, told by the effects that a log has: `arm idleCheck@session.idle 300000ms`, `cancel …`. */
import { LONGEST_TIMER_MS } from '../../call/time.ts';
import type { LogTurn } from '../../log/log-format.ts';
import type { ArmedTimer } from './views.ts';

/** The timers by their name in the log; a turn that changes nothing leaves the same table. */
export type ArmedTimers = ReadonlyMap<string, ArmedTimer>;

export const noTimers: ArmedTimers = new Map();

const armed = /^arm (\S+) ([\d.]+)ms$/;
const FIRED_PREFIX = 'xstate.after.';

/** The timers after a turn; `placeOf` tells the path of a state by its id. */
export function timersAfter(before: ArmedTimers, turn: LogTurn, placeOf: (id: string) => string): ArmedTimers {
  const { event, effects = [], atMs } = turn;
  const fired = event.type.startsWith(FIRED_PREFIX) ? firedName(event.type) : null;
  let after: Map<string, ArmedTimer> | null = null;
  const changed = () => {
    after ??= new Map(before);
    return after;
  };
  if (fired !== null && before.has(fired)) changed().delete(fired);
  for (const effect of effects) {
    if (effect.startsWith('cancel ')) {
      const name = effect.slice('cancel '.length);
      if ((after ?? before).has(name)) changed().delete(name);
      continue;
    }
    const [, name = '', delay = ''] = armed.exec(effect) ?? [];
    const delayMs = Number(delay);
    // A time that is switched off waits as long as a timer can.
    if (name === '' || delayMs >= LONGEST_TIMER_MS) continue;
    const at = name.indexOf('@');
    const [short, state] = at < 0 ? [name, ''] : [name.slice(0, at), placeOf(name.slice(at + 1))];
    changed().set(name, { state, name: short, delayMs, armedAtMs: atMs });
  }
  return after ?? before;
}

/** `xstate.after.idleCheck.session.idle` as `idleCheck@session.idle`. */
function firedName(type: string): string {
  const nameEnd = type.indexOf('.', FIRED_PREFIX.length);
  return nameEnd < 0 ? type : `${type.slice(FIRED_PREFIX.length, nameEnd)}@${type.slice(nameEnd + 1)}`;
}
