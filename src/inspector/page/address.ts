/**
 * The address of the page: which session and turn it shows, so that a link, a reload and the browser's own buttons lead there. Another
 * session is a new step of the browser's history, another turn is not. The token is taken out of the address as soon as it is read, and kept
 * for this tab alone.
 */
import { batch, computed, effect, signal } from '@preact/signals';
import { API_PATH } from '../feed-format.ts';
import { token } from './api.ts';
import { isFile, tell } from './engine.ts';
import { fragmentOf, type Place, readFragment } from './fragment.ts';
import { textIn } from './list/list-entries.ts';
import { loadOlder } from './list/list-model.ts';
import { closeLog, selectLog, store } from './store.ts';

/** Where the address leads, as long as its session is not known. */
export const awaited = signal<Place | null>(null);

/** The server is not to be watched without a token that is still to be given. Who looks at a file asks nothing of it. */
export const lacksToken = computed(() => {
  const { state } = store.connection.value;
  return state === 'refused' || (token.value === '' && !isFile(store.log.value ?? ''));
});

/** The one log of a page that has no other: each address leads to it. */
let onlyLog: string | null = null;

export function isOnlyLog(log: string): boolean {
  return log === onlyLog;
}

/** Opens what the address names, connects, and keeps the two together from here on. `only`: of a page that holds this log alone. */
export function startAddress(only: string | null = null): void {
  onlyLog = only;
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
  effect(openOnlyRow);
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

function goTo(named: Place): void {
  // A turn alone is one of the log that is shown.
  const shown = named.session === '' && named.log === '' && named.turn !== null ? store.log.peek() : null;
  const log = onlyLog ?? shown;
  const place = log === null ? named : { session: '', log, turn: named.turn };
  const isThere = store.overviews.peek().has(place.log) || store.members.has(place.log);
  const isHere = place.log !== '' && (!isFile(place.log) || isThere);
  // The browser's history has this step already: what the address is completed to takes its place.
  writtenLog = isHere ? place.log : null;
  // In one step: a session that the list has is shown as soon as it is awaited, and closing comes before.
  batch(() => {
    awaited.value = isHere || (place.log === '' && place.session === '') ? null : place;
    if (isHere) selectLog(place.log, place.turn);
    else if (place.session === '' || place.session !== sessionOf(store.log.peek() ?? '')) closeLog();
  });
}

let isOnlyRowOpen = false;

/** Files were opened, and it is one: there is nothing to choose. */
function openOnlyRow(): void {
  store.rowsAt.value;
  const [row] = store.rows.keys();
  const isFree = store.log.value === null && awaited.value === null && store.connection.value.server?.grpc === null;
  if (isOnlyRowOpen || row === undefined || !isFree) return;
  isOnlyRowOpen = true;
  if (store.rows.size === 1 && store.moreEnded.value === 0) selectLog(row);
}

function findAwaited(): void {
  const place = awaited.value;
  if (place === null) return;
  const found = isFile(place.log) ? reopenedFile(place.log) : newestLogOf(place.session);
  if (found === undefined) {
    if (place.session !== '' && !isFile(place.log) && store.moreEnded.value > 0) void searchOlder(place.session);
    return;
  }
  awaited.value = null;
  selectLog(found, place.turn);
}

let isSearching = false;
/** The session for which the server was asked without getting further: it is not asked again by itself. */
let inVain = '';

/** An ended session may be behind those of the list: older ones are asked for until it is there. */
async function searchOlder(session: string): Promise<void> {
  if (isSearching || inVain === session) return;
  isSearching = true;
  const isWanted = () => awaited.peek()?.session === session;
  const isThere = () => [...store.rows.values()].some((row) => row.session === session);
  for (let more = store.moreEnded.peek(); more > 0 && isWanted() && !isThere(); ) {
    await loadOlder();
    const left = store.moreEnded.peek();
    if (left >= more) inVain = session;
    more = left < more ? left : 0;
  }
  isSearching = false;
}

function newestLogOf(session: string): string | undefined {
  store.rowsAt.value;
  const logs = [...store.rows.values()].filter((row) => row.session === session);
  return logs.sort((a, b) => (a.startedAt < b.startedAt ? 1 : -1))[0]?.id ?? openedFileOf(session);
}

/** Of files, the one that was opened last. */
function openedFileOf(session: string): string | undefined {
  return [...openedIds()].findLast((id) => sessionOf(id) === session);
}

/** A page that was loaded anew has no files: one of the same name leads to the same place. */
function reopenedFile(log: string): string | undefined {
  return openedIds().find((id) => fileName(id) === fileName(log));
}

/** Of files, and of logs in segments. */
function openedIds(): readonly string[] {
  store.membersAt.value;
  return [...store.members.keys(), ...[...store.overviews.value.keys()].filter(isFile)];
}

let writtenLog: string | null = null;
const ownTitle = document.title;

function writeAddress(): void {
  const log = store.log.value;
  const turn = store.isFollowing.value ? null : store.pinnedTurn.value;
  if (awaited.value !== null) return;
  const session = log === null ? '' : sessionOf(log);
  document.title = log === null ? ownTitle : `${session || fileName(log)} · ${ownTitle}`;
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
  const row = store.rows.get(log) ?? store.members.get(log);
  return row?.session ?? textIn(store.overviews.value.get(log)?.header?.input, 'sessionId');
}
