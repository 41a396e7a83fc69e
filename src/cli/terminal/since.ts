/** The DATE of `--since`: an ISO date, which begins at 00:00 UTC, or an ISO date-time, which is UTC unless it says otherwise. */

const isoPattern = /^(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2}(?::\d{2}(?:\.\d{1,3})?)?)(Z|[+-]\d{2}:\d{2})?)?$/i;

/** In ms since the epoch, not before it; undefined = it is no such date. */
export function parseSince(text: string): number | undefined {
  const [, date = '', time = '00:00', zone = 'Z'] = isoPattern.exec(text.trim()) ?? [];
  const dayMs = Date.parse(`${date}T00:00Z`);
  // Date.parse takes 30 February for 2 March.
  if (Number.isNaN(dayMs) || new Date(dayMs).toISOString().slice(0, 10) !== date) return undefined;
  const sinceMs = Date.parse(`${date}T${time}${zone.toUpperCase()}`);
  return Number.isNaN(sinceMs) ? undefined : Math.max(0, sinceMs);
}
