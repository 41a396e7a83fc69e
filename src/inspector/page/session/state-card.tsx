/** What there is to know of the state that is looked at: how often it was entered, and all that can lead out of it. */
import type { TurnView } from '../../debugger/views.ts';
import { useAnswer } from '../engine.ts';
import { plural } from './session-words.ts';

interface StateCardProps {
  readonly log: string;
  readonly path: string;
  /** It stands in the upper half of the chart: the card keeps out of its way. */
  readonly isHigh: boolean;
  readonly view: TurnView | null;
}

export function StateCard({ log, path, isHigh, view }: StateCardProps) {
  // The full chart has a row for each transition, whatever is drawn.
  const { answer: chart } = useAnswer({ kind: 'chart', log, level: 'full' });
  const rows = chart?.boxes.find((box) => box.path === path)?.rows ?? [];
  const visits = view?.visits[path] ?? 0;
  return (
    <div class={isHigh ? 'state-card low' : 'state-card high'} role="status">
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
