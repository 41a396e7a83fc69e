/** The segments that were opened in the page: how many logs each has, what is to be known of it, and how it is let go. */
import { fileName } from '../address.ts';
import { closeFile } from '../engine.ts';
import { store } from '../store.ts';
import './opened-segments.css';

export function OpenedSegments() {
  const segments = [...store.segments.value.values()].reverse();
  return (
    <ul class="segments" aria-label="Opened segments">
      {segments.map(({ id, logs, isReading, words, isBad }) => (
        <li key={id} data-segment={fileName(id)}>
          <b dir="auto" title={fileName(id)}>
            {fileName(id)}
          </b>{' '}
          <span role="status">
            {isReading ? 'reading …' : `${logs.toLocaleString('en')} log${logs === 1 ? '' : 's'}`}
          </span>
          <button type="button" class="link" title="Forget this segment and its logs" onClick={() => closeFile(id)}>
            close
          </button>
          {words !== '' && <p class={isBad ? 'is-bad' : 'is-waiting'}>{words}</p>}
        </li>
      ))}
    </ul>
  );
}
