/** The lines as they stand in the file, read as they come into sight; the line of the shown turn is marked. */
import { useState } from 'preact/hooks';
import { useAnswer } from '../engine.ts';
import { store } from '../store.ts';
import type { DockViewProps } from './dock.tsx';
import { Rows } from './rows.tsx';

const ROW_HEIGHT = 20;
/** Longer ones are cut in sight; what is copied is whole. */
const MAX_SHOWN_CHARS = 2_000;

export function RawView({ overview, turn, view }: DockViewProps) {
  const { id, lines } = overview;
  const [seen, setSeen] = useState({ from: 0, count: 0 });
  const question = seen.count === 0 ? null : ({ kind: 'raw', log: id, ...seen } as const);
  // The end of a log that grows is asked for again.
  const { answer, asked } = useAnswer<'raw'>(question, Math.min(lines, seen.from + seen.count));
  // While it is scrolled the answer is one to an earlier question.
  const lineAt = (index: number): string | undefined => answer?.[index - (asked?.from ?? 0)];
  return (
    <Rows
      label="Lines of the log"
      count={lines}
      rowHeight={ROW_HEIGHT}
      current={view?.line ?? -1}
      onWindow={(from, count) => setSeen({ from, count })}
      row={(index) => <Line text={lineAt(index)} number={index + 1} turn={turn} />}
    />
  );
}

interface LineProps {
  /** undefined = on its way. */
  readonly text: string | undefined;
  readonly number: number;
  readonly turn: number;
}

function Line({ text, number, turn }: LineProps) {
  const isCurrent = text?.startsWith(`{"kind":"turn","turn":${turn},`) === true;
  return (
    <div class={isCurrent ? 'raw current' : 'raw'} aria-current={isCurrent ? 'true' : undefined}>
      <span class="number">{number}</span>
      {text !== undefined && (
        <button type="button" class="link" aria-label={`Copy line ${number}`} onClick={() => copy(text)}>
          copy
        </button>
      )}
      <code dir="auto">{text?.slice(0, MAX_SHOWN_CHARS) ?? '…'}</code>
    </div>
  );
}

async function copy(text: string): Promise<void> {
  try {
    await navigator.clipboard.writeText(text);
  } catch (error) {
    store.notice.value = `The line could not be copied: ${error instanceof Error ? error.message : String(error)}`;
  }
}
