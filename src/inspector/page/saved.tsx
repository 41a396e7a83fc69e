/**
 * The entry of a saved page: the same views over the one log that it holds. The debugger runs in the page itself, behind the messages that a
 * worker would be spoken to by: a file may not start one.
 */
import './node-shims/no-eval.ts';
import { render } from 'preact';
import type { Order, Report } from '../debugger/messages.ts';
import { WorkerDesk } from '../debugger/worker-desk.ts';
import { startAddress } from './address.ts';
import { FramedLog, Help, Notice } from './app.tsx';
import { startEngine, tell } from './engine.ts';
import { FileDrop } from './files.tsx';
import { fragmentOf } from './fragment.ts';
import { startKeys } from './keys.ts';
import { store } from './store.ts';
import { readSavedLog, SAVED_BLOCK, type SavedLog } from './views/saved-page.ts';

/** Speaks as a worker does: whoever posts goes on before it is answered. */
class DeskPort {
  onmessage: ((message: MessageEvent<Report>) => void) | null = null;
  readonly #desk = new WorkerDesk(
    {
      fetch: () => Promise.reject(new Error('a saved page has no server')),
      after: (ms, then) => {
        const timer = setTimeout(then, ms);
        return () => clearTimeout(timer);
      },
      now: () => performance.now(),
      spread: () => 0,
    },
    (data) => queueMicrotask(() => this.onmessage?.(new MessageEvent('message', { data }))),
  );

  postMessage(order: Order): void {
    setTimeout(() => this.#desk.take(order), 0);
  }
}

function SavedHeader({ saved }: { readonly saved: SavedLog }) {
  const header = store.overview.value?.header ?? null;
  return (
    <header class="head">
      <h1>Recital session</h1>
      <span class="pill">saved {saved.savedAt.slice(0, 16).replace('T', ' ')} UTC</span>
      {header !== null && <span class="pill">recorded by {header.build}</span>}
      {saved.version !== '' && <span class="pill">executed here by {saved.version}</span>}
      {header !== null && (
        <span class={header.redaction === 'full' ? 'pill is-bad' : 'pill'}>
          {header.redaction === 'full' ? 'in full: every word is in this file' : 'redacted by shape'}
        </span>
      )}
      <FileDrop />
    </header>
  );
}

function SavedPage({ saved }: { readonly saved: SavedLog }) {
  return (
    <>
      <SavedHeader saved={saved} />
      <FramedLog log={store.log.value ?? ''} />
      {store.panel.value === 'help' && <Help />}
      <Notice />
    </>
  );
}

function start(saved: SavedLog): void {
  const log = `file:1:${saved.name}`;
  document.title = `${saved.name} · Recital session`;
  if (location.hash === '') history.replaceState(null, '', fragmentOf({ session: '', log, turn: saved.turn }));
  startEngine(new DeskPort());
  tell({ kind: 'open', files: [{ name: saved.name, blob: new Blob([`${saved.lines.join('\n')}\n`]) }] });
  startAddress(log);
  startKeys();
  const large = matchMedia('(min-width: 1900px)');
  const takeSize = () => {
    store.isLarge.value = large.matches;
  };
  large.onchange = takeSize;
  takeSize();
}

const place = document.getElementById('page');
const saved = readSavedLog(document.getElementById(SAVED_BLOCK)?.textContent);
if (saved !== null) start(saved);
if (place !== null) {
  render(
    saved === null ? (
      <p class="view-words">This page holds no log: it is what a session is saved in.</p>
    ) : (
      <SavedPage saved={saved} />
    ),
    place,
  );
}
