/** The list of sessions, on the left. */
import { selectLog, store } from './store.ts';

export function SessionList() {
  const at = store.rowsAt.value;
  return (
    <aside class="left" aria-label="Sessions" data-rows-at={at}>
      {[...store.rows.values()].slice(0, 20).map((row) => (
        <button type="button" key={row.id} data-session={row.session} onClick={() => selectLog(row.id)}>
          {row.session}
        </button>
      ))}
    </aside>
  );
}
