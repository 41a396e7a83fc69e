/** A turn in which the page's own execution did something else than the recording tells: both, side by side. */

import './divergence.css';
import type { TurnOutcome } from '../../../log/log-format.ts';
import type { Divergence } from '../../../replay/replayer.ts';
import type { TurnView } from '../../debugger/views.ts';
import { Whole } from './context-tree.tsx';
import { effectWords, lineDiff, shortPath } from './session-words.ts';

export function Divergent({ view }: { readonly view: TurnView }) {
  const { sides, divergence, leaves } = view;
  if (sides === null) return null;
  const { recorded, recomputed } = sides;
  return (
    <section class="divergent" aria-label="Recorded and recomputed">
      <h2>{divergence === null ? 'After the first difference' : `Differs here: ${divergence.field}`}</h2>
      <p>
        {divergence === null
          ? 'The turns behind a difference are shown as they were recorded, beside what this page’s chart makes of the same events.'
          : 'This page gave the recorded events to its own copy of the chart. Up to the turn before, both did the same; here they do not: the code of the chart, or the log, is not what it was.'}
      </p>
      <table class="sides">
        <thead>
          <tr>
            <td />
            <th scope="col">recorded</th>
            <th scope="col">recomputed</th>
          </tr>
        </thead>
        <tbody>
          <Sides
            name="state"
            recorded={leaves.map(shortPath)}
            recomputed={recomputed === null ? null : sides.leaves.map(shortPath)}
          />
          <Sides
            name="status"
            recorded={[recorded.status ?? 'active']}
            recomputed={recomputed && [recomputed.status ?? 'active']}
          />
          {fieldsOf(recorded, recomputed).map((name) => (
            <Sides
              key={name}
              name={name}
              recorded={[changeWords(recorded, name)]}
              recomputed={recomputed && [changeWords(recomputed, name)]}
            />
          ))}
        </tbody>
      </table>
      {divergence !== null && <Items divergence={divergence} />}
      {recomputed !== null && <EffectDiff recorded={recorded.effects ?? []} recomputed={recomputed.effects ?? []} />}
    </section>
  );
}

interface SidesProps {
  readonly name: string;
  readonly recorded: readonly string[];
  /** null = the page's chart went no further. */
  readonly recomputed: readonly string[] | null;
}

function Sides({ name, recorded, recomputed }: SidesProps) {
  const differs = recomputed !== null && recorded.join('\n') !== recomputed.join('\n');
  return (
    <tr class={differs ? 'differs' : ''}>
      <th scope="row">
        {differs && <span aria-hidden="true">≠ </span>}
        {name}
      </th>
      <td class="recorded">
        {recorded.map((line) => (
          <div key={line}>{line}</div>
        ))}
      </td>
      <td class="recomputed">
        {recomputed === null ? 'went no further' : recomputed.map((line) => <div key={line}>{line}</div>)}
      </td>
    </tr>
  );
}

/** Fields of the context that the two sides tell differently. */
function fieldsOf(recorded: TurnOutcome, recomputed: TurnOutcome | null): readonly string[] {
  const names = new Set([...Object.keys(recorded.changes ?? {}), ...Object.keys(recomputed?.changes ?? {})]);
  return [...names].filter(
    (name) => recomputed === null || changeWords(recorded, name) !== changeWords(recomputed, name),
  );
}

function changeWords({ changes }: TurnOutcome, name: string): string {
  const value = changes?.[name];
  return value === undefined ? 'as before' : JSON.stringify(value);
}

/** A log has digests of large fields; what they are made of is told as far as the recomputed side knows it. */
function Items({ divergence }: { readonly divergence: Divergence }) {
  const { items = [], present, field } = divergence;
  if (items.length === 0) {
    return present === undefined ? null : (
      <>
        <h2>recomputed {field}</h2>
        <Whole>{JSON.stringify(present, null, 1)}</Whole>
      </>
    );
  }
  return (
    <table class="sides">
      <thead>
        <tr>
          <th scope="col">item</th>
          <th scope="col">recorded</th>
          <th scope="col">recomputed</th>
        </tr>
      </thead>
      <tbody>
        {items.map((item) => (
          <tr key={item.item} class="differs">
            <th scope="row">{item.item === '' ? 'the value' : item.item}</th>
            <td class="recorded" dir="auto">
              {'recorded' in item
                ? JSON.stringify(item.recorded)
                : `not in the log; before the turn ${JSON.stringify(item.before)}`}
            </td>
            <td class="recomputed" dir="auto">
              {JSON.stringify(item.now)}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function EffectDiff({
  recorded,
  recomputed,
}: {
  readonly recorded: readonly string[];
  readonly recomputed: readonly string[];
}) {
  const lines = lineDiff(recorded, recomputed);
  if (lines.every(({ side }) => side === 'both')) return null;
  return (
    <>
      <h2>Asked for: − recorded, + recomputed</h2>
      <ul class="diff">
        {lines.map(({ side, text }, index) => (
          <li key={index} class={side} title={text}>
            {side === 'both' ? '  ' : side === 'recorded' ? '− ' : '+ '}
            {side === 'both' ? effectWords(text) : text}
          </li>
        ))}
      </ul>
    </>
  );
}
