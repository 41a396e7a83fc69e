/** Durations as people read them. */

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

/** `0.4 ms`, `320 ms`, `2.35 s`, `4 min 10 s`, `3 h 5 min`. */
export function durationText(ms: number): string {
  if (ms < 9.95) return `${trimmed(ms, 1)} ms`;
  if (ms < 999.5) return `${Math.round(ms)} ms`;
  if (ms < 9_995) return `${trimmed(ms / 1000, 2)} s`;
  if (ms < 59_950) return `${trimmed(ms / 1000, 1)} s`;
  const [unitMs, units, smallMs, small] = ms < HOUR_MS - 500 ? minutes : hours;
  const smalls = Math.round(ms / smallMs);
  const perUnit = unitMs / smallMs;
  const rest = smalls % perUnit;
  return `${Math.floor(smalls / perUnit)} ${units}${rest === 0 ? '' : ` ${rest} ${small}`}`;
}

const minutes = [MINUTE_MS, 'min', 1000, 's'] as const;
const hours = [HOUR_MS, 'h', MINUTE_MS, 'min'] as const;

function trimmed(value: number, digits: number): string {
  return value.toFixed(digits).replace(/\.?0+$/, '') || '0';
}
