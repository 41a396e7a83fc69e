/**
 * The address of the page: which session and turn it shows, so that a link, a reload and the browser's own buttons lead there. Another
 * session is a new step of the browser's history, another turn is not. The token is taken out of the address as soon as it is read, and kept
 * for this tab alone.
 */
import { batch, effect, signal } from '@preact/signals';
import { API_PATH } from '../feed-format.ts';
import { token } from './api.ts';
import { isFile, tell } from './engine.ts';
import { fragmentOf, type Place, readFragment } from './fragment.ts';
import { textIn } from './list/list-entries.ts';
import { closeLog, selectLog, store } from './store.ts';

/** Where the address leads, as long as its session is not known. */
export const awaited = signal<Place | null>(null);

/** Opens what the address names, connects, and keeps the two together from here on. */
export function startAddress(): void {
  const given = readFragment(location.hash);
  if (given.token !== null) {
    token.value = given.token;
    history.replaceState(null, '', `${location.pathname}${fragmentOf(given.place)}`);
  }
  goTo(given.place);
  if (token.value !== '') connect(token.value);
  addEventListener('hashchange', () => {
    const now = readFragment(location.hash);
    if (now.token !== null) {
      history.replaceState(null, '', `${location.pathname}${fragmentOf(now.place)}`);
      connect(now.token);
    }
    goTo(now.place);
  });
  const show = () => tell({ kind: 'show', isVisible: document.visibilityState === 'visible' });
  document.addEventListener('visibilitychange', show);
  show();
  effect(findAwaited);
  effect(writeAddress);
}

export function connect(given: string): void {
  token.value = given;
  tell({ kind: 'connect', base: `${location.origin}${API_PATH}`, token: given });
}

/** Shows the newest log of a session as soon as the list has one. */
export function awaitSession(session: string): void {
  awaited.value = { session, log: '', turn: null };
}

function goTo(place: Place): void {
  const isHere = place.log !== '' && (!isFile(place.log) || store.overviews.peek().has(place.log));
  // The browser's history has this step already: what the address is completed to takes its place.
  writtenLog = isHere ? place.log : null;
  // In one step: a session that the list has is shown as soon as it is awaited, and closing comes before.
  batch(() => {
    awaited.value = isHere || (place.log === '' && place.session === '') ? null : place;
    if (isHere) selectLog(place.log, place.turn);
    else if (place.session === '' || place.session !== sessionOf(store.log.peek() ?? '')) closeLog();
  });
}

function findAwaited(): void {
  const place = awaited.value;
  if (place === null) return;
  const found = isFile(place.log) ? reopenedFile(place.log) : newestLogOf(place.session);
  if (found === undefined) return;
  awaited.value = null;
  selectLog(found, place.turn);
}

function newestLogOf(session: string): string | undefined {
  store.rowsAt.value;
  const logs = [...store.rows.values()].filter((row) => row.session === session);
  return logs.sort((a, b) => (a.startedAt < b.startedAt ? 1 : -1))[0]?.id;
}

/** A page that was loaded anew has no files: one of the same name leads to the same place. */
function reopenedFile(log: string): string | undefined {
  return [...store.overviews.value.keys()].find((id) => isFile(id) && fileName(id) === fileName(log));
}

let writtenLog: string | null = null;

function writeAddress(): void {
  const log = store.log.value;
  const turn = store.isFollowing.value ? null : store.pinnedTurn.value;
  if (awaited.value !== null) return;
  const session = log === null ? '' : sessionOf(log);
  const hash = fragmentOf({ session, log: log ?? '', turn });
  const isOther = log !== writtenLog && writtenLog !== null;
  writtenLog = log;
  if (hash === location.hash) return;
  const address = `${location.pathname}${location.search}${hash}`;
  if (isOther) history.pushState(null, '', address);
  else history.replaceState(null, '', address);
}

/** The name of the file that a log was opened from. */
export function fileName(log: string): string {
  return log.replace(/^file:\d+:/, '');
}

/** '' = not known yet: it is written as soon as it is. What the list does not have, such as a file, tells it by itself. */
function sessionOf(log: string): string {
  store.rowsAt.value;
  return store.rows.get(log)?.session ?? textIn(store.overviews.value.get(log)?.header?.input, 'sessionId');
}
