/**
 * The keys of the page, in one table: what is listed in the help is what works. A key does nothing while a text is written, and none that is
 * pressed with Ctrl, Alt or Meta is ours.
 */
import { stepLog } from './list/list-model.ts';
import { seekTurn } from './session/time-travel.ts';
import { goLive, goToTurn, setLevel, showPanel, stepTurn, store } from './store.ts';
import { openFork } from './views/fork-place.ts';

interface Key {
  /** `KeyboardEvent.key`; letters in lower case, behind `Shift+` for keys without a sign of their own. */
  readonly keys: readonly string[];
  /** As it is printed. */
  readonly shown: readonly string[];
  readonly words: string;
  readonly run: () => void;
}

export const keyTable: readonly Key[] = [
  { keys: ['ArrowLeft'], shown: ['←'], words: 'the turn before', run: () => stepTurn(-1) },
  { keys: ['ArrowRight'], shown: ['→'], words: 'the next turn', run: () => stepTurn(1) },
  {
    keys: ['Shift+ArrowLeft'],
    shown: ['Shift ←'],
    words: 'the change of state before',
    run: () => void seekTurn({ kind: 'led' }, 'before'),
  },
  {
    keys: ['Shift+ArrowRight'],
    shown: ['Shift →'],
    words: 'the next change of state',
    run: () => void seekTurn({ kind: 'led' }, 'after'),
  },
  { keys: ['Home'], shown: ['Home'], words: 'the first turn', run: () => goToTurn(0) },
  { keys: ['End'], shown: ['End'], words: 'the last turn', run: () => goToTurn(Number.MAX_SAFE_INTEGER) },
  { keys: ['l'], shown: ['L'], words: 'live: follow the last turn', run: goLive },
  { keys: ['m'], shown: ['M'], words: 'the map of the chart', run: () => setLevel('map') },
  { keys: ['f'], shown: ['F'], words: 'the full chart', run: () => setLevel('full') },
  { keys: ['j'], shown: ['J'], words: 'the next session of the list; ↓ while it has the focus', run: () => stepLog(1) },
  { keys: ['k'], shown: ['K'], words: 'the session before; ↑ while the list has the focus', run: () => stepLog(-1) },
  { keys: ['/'], shown: ['/'], words: 'filter the list; Esc clears the filter', run: focusFilter },
  { keys: ['c'], shown: ['C'], words: 'crowd: how many sessions are in each state', run: () => togglePanel('crowd') },
  { keys: ['t'], shown: ['T'], words: 'try it: ask the server something', run: tryIt },
  { keys: ['w'], shown: ['W'], words: 'what if, from this turn', run: openFork },
  { keys: ['?'], shown: ['?'], words: 'these keys', run: () => togglePanel('help') },
  { keys: ['Escape'], shown: ['Esc'], words: 'close what lies over the session', run: closeAll },
];

/** Listens as long as the page is open. */
export function startKeys(): void {
  addEventListener('keydown', (event) => {
    if (event.defaultPrevented || event.ctrlKey || event.altKey || event.metaKey) return;
    const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    if (isTakenBy(event.target, key)) return;
    const pressed = event.shiftKey && key.length > 1 ? `Shift+${key}` : key;
    const row = keyTable.find(({ keys }) => keys.includes(pressed));
    if (row === undefined) return;
    event.preventDefault();
    row.run();
  });
}

/** A field in which one writes takes all keys; other controls, and an open dialog, those that they know. */
function isTakenBy(target: EventTarget | null, key: string): boolean {
  if (!(target instanceof HTMLElement)) return false;
  if (target.closest('dialog') !== null) return true;
  if (target instanceof HTMLTextAreaElement || target instanceof HTMLSelectElement || target.isContentEditable)
    return true;
  if (!(target instanceof HTMLInputElement)) return false;
  if (target.type === 'checkbox') return false;
  return target.type === 'range' || target.type === 'radio' ? key.length > 1 : true;
}

function togglePanel(panel: 'help' | 'crowd' | 'try'): void {
  showPanel(store.panel.peek() === panel ? 'none' : panel);
}

function closeAll(): void {
  showPanel('none');
  store.notice.value = '';
}

/** Where no server is that could be asked, the key says nothing. */
function tryIt(): void {
  const server = store.connection.peek().server;
  if (server?.canTry === true) togglePanel('try');
  else if (server?.grpc)
    store.notice.value = 'Try it is off: start the server with INSPECTOR_TRY=on, or with npm run dev.';
}

function focusFilter(): void {
  const field = document.getElementById('filter');
  if (field instanceof HTMLInputElement) {
    field.focus();
    field.select();
  }
}
