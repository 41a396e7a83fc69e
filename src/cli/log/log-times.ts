/** Times as a person gives them to `--since` and `--until`. All are UTC, as in the names of the logs. */
import { parseSince } from '../terminal/since.ts';

const DAY_MS = 86_400_000;
const unitsMs: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000, d: DAY_MS };

/**
 * `2026-11-22`, `2026-11-22T14:30` (UTC unless it says otherwise), `today`, `yesterday`, or so long ago: `90m`, `12h`, `3d`. Resolves to ms
 * since 1970; undefined for anything else.
 */
export function parseTime(text: string, nowMs: number): number | undefined {
  const today = nowMs - (nowMs % DAY_MS);
  if (text === 'now') return nowMs;
  if (text === 'today') return today;
  if (text === 'yesterday') return today - DAY_MS;
  const ago = /^(\d{1,9})([smhd])$/.exec(text);
  if (ago !== null) return nowMs - Number(ago[1]) * (unitsMs[ago[2] ?? ''] ?? 0);
  return parseSince(text);
}
