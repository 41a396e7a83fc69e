// A tab of the inspector for bench/inspector.mjs: watches the list and up to four live sessions, and takes others when those are over. A deaf
// one asks for the same and reads nothing. Says what it got when it is told to stop.
//
//   node bench/inspector-viewer.mjs <inspector_url> reads|deaf
import { get } from 'node:http';

const [, , address, manner] = process.argv;
const url = new URL(address);
const token = new URLSearchParams(url.hash.slice(1)).get('token');
const MAX_WATCHED_LOGS = 4;
const got = { bytes: 0, lines: 0, gaps: 0, missing: 0, rows: 0 };
let live = new Set();
let watched = [];
let request = null;

process.on('SIGTERM', () => {
  console.log(JSON.stringify(got));
  process.exit(0);
});
open();
// A socket that nobody reads keeps no process alive.
setInterval(manner === 'reads' ? followOthers : () => {}, 250);

function open() {
  request?.destroy();
  const query = ['list=1', ...watched.map((log) => `log=${log}`)].join('&');
  const headers = { authorization: `Bearer ${token}` };
  request = get(new URL(`/inspect/api/feed?${query}`, url), { headers, agent: false }, (response) => {
    console.error('open');
    if (manner === 'deaf') return;
    let rest = '';
    let raw = 0;
    response.setEncoding('utf8').on('data', (text) => {
      got.bytes += text.length;
      const lines = (rest + text).split('\n');
      rest = lines.pop();
      for (const line of lines) {
        if (raw > 0) {
          raw -= 1;
          got.lines += 1;
        } else if (line !== '') raw = take(JSON.parse(line));
      }
    });
  });
  request.on('error', () => {});
}

/** How many lines of a log follow. */
function take(line) {
  if (line.kind === 'lines') return line.count;
  if (line.kind === 'gap') {
    got.gaps += 1;
    got.missing += line.lines;
  }
  if (line.kind === 'list') {
    if (line.isWhole) live = new Set();
    got.rows += line.rows.length;
    for (const { id, isLive } of line.rows) isLive ? live.add(id) : live.delete(id);
  }
  return 0;
}

function followOthers() {
  const stay = watched.filter((id) => live.has(id));
  if (stay.length === MAX_WATCHED_LOGS) return;
  const next = [...stay, ...[...live].filter((id) => !stay.includes(id))].slice(0, MAX_WATCHED_LOGS);
  if (next.length === stay.length) return;
  watched = next;
  open();
}
