/** Times as a person gives them to `--since` and `--until`: all are UTC, as in the names of the logs, unless they say otherwise. */

const DAY_MS = 86_400_000;
const unitsMs: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000, d: DAY_MS, w: 7 * DAY_MS };

const isoPattern = /^(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2}(?::\d{2}(?:\.\d{1,3})?)?)(Z|[+-]\d{2}:\d{2})?)?$/i;

/** An ISO date, which begins at 00:00 UTC, or date-time: ms since 1970, and not before it; undefined = it is no such date. */
export function parseIsoTime(text: string): number | undefined {
  const [, date = '', time = '00:00', zone = 'Z'] = isoPattern.exec(text.trim()) ?? [];
  const dayMs = Date.parse(`${date}T00:00Z`);
  // Date.parse takes 30 February for 2 March.
  if (Number.isNaN(dayMs) || new Date(dayMs).toISOString().slice(0, 10) !== date) return undefined;
  const timeMs = Date.parse(`${date}T${time}${zone.toUpperCase()}`);
  return Number.isNaN(timeMs) ? undefined : Math.max(0, timeMs);
}

/** What `parseTime` takes, in words that complete "It must be …". */
export const timeWords =
  'an ISO date (00:00 UTC) or date-time such as 2026-11-01 or 2026-11-01T09:30Z, now, today, yesterday, 90m, 12h or 3d';

/**
 * The same, or `now`, `today`, `yesterday`, or so long before `nowMs`: `90m`, `12h`, `3d`, `2w`. In ms since 1970; undefined for
 * anything else.
 */
export function parseTime(given: string, nowMs: number): number | undefined {
  const text = given.trim().toLowerCase();
  const today = nowMs - (nowMs % DAY_MS);
  if (text === 'now') return nowMs;
  if (text === 'today') return today;
  if (text === 'yesterday') return today - DAY_MS;
  const ago = /^(\d{1,9})([smhdw])(?: ago)?$/.exec(text);
  if (ago !== null) return Math.max(0, nowMs - Number(ago[1]) * (unitsMs[ago[2] ?? ''] ?? 0));
  return parseIsoTime(text);
}
