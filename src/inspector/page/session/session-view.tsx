/** The middle and the right of the page: one session on its chart, and one of its turns. */
import { store } from '../store.ts';

export function SessionView() {
  const overview = store.overview.value;
  return (
    <section class="middle" aria-label="Session">
      <div class="crumb">
        <h1>{overview?.title ?? store.log.value}</h1>
      </div>
    </section>
  );
}

export function TurnPanel() {
  return <aside class="right" aria-label="Turn" />;
}
