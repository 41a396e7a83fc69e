/** A list of any length in which only the rows that are seen are drawn. All rows are equally high; the current one is kept in sight. */
import type { ComponentChildren } from 'preact';
import './rows.css';
import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import { rowsInSight } from './row-window.ts';

export interface RowsProps {
  readonly label: string;
  readonly count: number;
  /** In px. */
  readonly rowHeight: number;
  /** Place of the row that is kept in sight when it changes; -1 = none. */
  readonly current: number;
  readonly row: (index: number) => ComponentChildren;
  /** Told which rows are drawn: `from` and how many. */
  readonly onWindow?: (from: number, count: number) => void;
}

export function Rows({ label, count, rowHeight, current, row, onWindow }: RowsProps) {
  const ref = useRef<HTMLDivElement>(null);
  const [seen, setSeen] = useState({ top: 0, height: 0 });
  const { from, to } = rowsInSight(seen, rowHeight, count);
  useLayoutEffect(() => {
    const element = ref.current;
    if (element === null) return;
    const watch = new ResizeObserver(() => setSeen({ top: element.scrollTop, height: element.clientHeight }));
    watch.observe(element);
    return () => watch.disconnect();
  }, []);
  useLayoutEffect(() => {
    const element = ref.current;
    if (element === null || current < 0) return;
    const top = current * rowHeight;
    const { scrollTop, clientHeight } = element;
    const isInSight = top >= scrollTop && top + rowHeight <= scrollTop + clientHeight;
    if (!isInSight) element.scrollTop = Math.max(0, top - clientHeight / 2);
  }, [current, seen.height > 0]);
  useLayoutEffect(() => onWindow?.(from, to - from), [from, to]);
  const drawn: ComponentChildren[] = [];
  for (let index = from; index < to; index += 1) {
    drawn.push(
      <li
        class="placed"
        key={index}
        style={{ transform: `translateY(${index * rowHeight}px)`, height: `${rowHeight}px` }}
      >
        {row(index)}
      </li>,
    );
  }
  return (
    <div
      class="rows-window"
      ref={ref}
      // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls can be scrolled by keys
      tabIndex={0}
      onScroll={(event) => setSeen({ top: event.currentTarget.scrollTop, height: event.currentTarget.clientHeight })}
    >
      <ul aria-label={label} style={{ height: `${count * rowHeight}px` }}>
        {drawn}
      </ul>
    </div>
  );
}
