/** What there is to know of the state that is looked at: how often it was entered, and all that can lead out of it. */
import './state-card.css';
import type { TurnView } from '../../debugger/views.ts';
import { useAnswer } from '../engine.ts';
import { plural } from './session-words.ts';

interface StateCardProps {
  readonly log: string;
  readonly path: string;
  /** Where it is drawn, in the window: the card stands below it, or above, or at its side, as there is room. */
  readonly place: DOMRect;
  readonly view: TurnView | null;
}

export function StateCard({ log, path, place, view }: StateCardProps) {
  // The full chart has a row for each transition, whatever is drawn.
  const { answer: chart } = useAnswer({ kind: 'chart', log, level: 'full' });
  const rows = chart?.boxes.find((box) => box.path === path)?.rows ?? [];
  const visits = view?.visits[path] ?? 0;
  return (
    <div class="state-card" style={beside(place)} role="status">
      <b>{path}</b>
      <p>
        {visits === 0
          ? 'never entered up to here'
          : `entered ${plural(visits, 'time')} up to here; click: the turn that entered it last`}
      </p>
      {rows.length > 0 && (
        <ul>
          {rows.map(({ id, trigger, guard, goal, tone }) => {
            const taken = view?.taken[id] ?? 0;
            return (
              <li key={id} class={tone}>
                {trigger}
                {guard !== null && <span class="asked"> [{guard}]</span>} → {goal === '' ? 'stays' : goal}
                {taken > 0 && <span class="count"> ×{taken}</span>}
              </li>
            );
          })}
        </ul>
      )}
    </div>
  );
}

/** What a card is given, in px; one with more to tell is cut. */
const WIDTH = 330;
const HEIGHT = 190;
const GAP = 8;

function beside({ left, right, top, bottom }: DOMRect) {
  const x = `${Math.max(GAP, Math.min(left, innerWidth - WIDTH - GAP))}px`;
  if (bottom + GAP + HEIGHT < innerHeight) return { left: x, top: `${bottom + GAP}px` };
  if (top > GAP + HEIGHT) return { left: x, bottom: `${innerHeight - top + GAP}px` };
  const isRoomRight = right + GAP + WIDTH < innerWidth;
  return { top: `${Math.max(GAP, top)}px`, left: `${isRoomRight ? right + GAP : Math.max(GAP, left - GAP - WIDTH)}px` };
}
