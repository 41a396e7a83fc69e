/** What can be done from a turn on: what if, compare, a test of it, a page of it. */
import type { LogOverview } from '../../debugger/views.ts';
import { showPanel, store } from '../store.ts';
import { openFork } from './fork-place.ts';
import { isSavedPage } from './saved-page.ts';
import { testCommand } from './test-command.ts';
import './turn-actions.css';
import { copyText } from './view-words.ts';

export function TurnActions() {
  const overview = store.overview.value;
  if (overview === null || overview.turns === 0) return null;
  // The list is read when it changes.
  store.rowsAt.value;
  const file = store.rows.get(overview.id)?.file;
  const command = testCommand(overview, store.connection.value.server?.settings ?? null, file);
  return (
    <div class="actions">
      <button type="button" onClick={openFork}>
        what if… a lost event, no voice, another limit
      </button>
      <button type="button" onClick={() => showPanel('compare')}>
        compare it with another session
      </button>
      {command !== null && (
        <button type="button" title={command} onClick={() => void copyText(command)}>
          copy the command that makes a test of it
        </button>
      )}
      {isSavedPage() ? (
        <button type="button" onClick={() => saving(overview, 'log')}>
          save the log, as it is on a disk
        </button>
      ) : (
        <SaveButton overview={overview} />
      )}
    </div>
  );
}

/** What the file will hold is said before it is made. */
function SaveButton({ overview }: { readonly overview: LogOverview }) {
  const { header, turns, isLive } = overview;
  const isFull = header?.redaction === 'full';
  return (
    <>
      <button type="button" onClick={() => saving(overview, 'page')}>
        save as a page that replays itself
      </button>
      <p class={isFull ? 'action-note is-bad' : 'action-note'}>
        One file, no network: all {turns.toLocaleString('en')} turns{isLive ? ' so far' : ''},{' '}
        {isFull ? 'in full: every word that was said and heard' : 'redacted: texts by their shape'}, and the ids of
        session and device.
      </p>
    </>
  );
}

/** Few do: its code comes with the template, which only a server has, too. */
function saving(overview: LogOverview, what: 'page' | 'log'): void {
  const save = async () => {
    const { saveLog, savePage } = await import('./page-saver.ts');
    await (what === 'page' ? savePage(overview) : saveLog(overview));
  };
  save().catch((error: unknown) => {
    store.notice.value = `The ${what} was not saved: ${error instanceof Error ? error.message : String(error)}`;
  });
}
