/**
 * How often a device has called in each of the current windows, and the text that is stored of it. The windows are in UTC: the
 * calendar day, the ISO week from Monday on, the calendar month. Pure.
 */
import { z } from 'zod';

/** Requests since the beginning of a window. */
export interface WindowCount {
  /** The beginning of the window, since the epoch. */
  readonly startMs: number;
  readonly requests: number;
}

export interface QuotaRecord {
  readonly hardwareId: string;
  readonly day: WindowCount;
  /** An ISO week, from Monday. */
  readonly week: WindowCount;
  readonly month: WindowCount;
}

const windowCount = z.strictObject({
  startMs: z.int().min(-8.64e15).max(8.64e15),
  requests: z.int().min(0).max(Number.MAX_SAFE_INTEGER),
});
export const quotaRecordSchema: z.ZodType<QuotaRecord> = z.strictObject({
  hardwareId: z.string().min(1).max(512),
  day: windowCount,
  week: windowCount,
  month: windowCount,
});

/** The device stands in the key. */
export function storedTextOfQuota({ hardwareId: _hardwareId, ...counts }: QuotaRecord): string {
  return JSON.stringify(counts);
}

/** null = it is no record of ours. */
export function quotaOfStored(hardwareId: string, stored: string): QuotaRecord | null {
  try {
    const parsed = z.record(z.string(), z.unknown()).parse(JSON.parse(stored));
    return quotaRecordSchema.parse({ ...parsed, hardwareId });
  } catch {
    return null;
  }
}

/** Requests, 0 = off, each. */
export interface QuotaLimits {
  readonly daily: number;
  readonly weekly: number;
  readonly monthly: number;
}

const limit = z.int().min(0).max(Number.MAX_SAFE_INTEGER);
export const quotaLimitsSchema: z.ZodType<QuotaLimits> = z.strictObject({
  daily: limit,
  weekly: limit,
  monthly: limit,
});

/** The longest first: that is the one to wait for. */
const windowRows = [
  { name: 'month', limit: 'monthly' },
  { name: 'week', limit: 'weekly' },
  { name: 'day', limit: 'daily' },
] as const satisfies readonly { name: QuotaWindowName; limit: keyof QuotaLimits }[];

export type QuotaLimitName = (typeof windowRows)[number]['limit'];

/** The limit that the device has reached, the one that ends last; null = it may have one more request. */
export function reachedLimit(
  record: QuotaRecord,
  limits: QuotaLimits,
): { readonly limit: QuotaLimitName; readonly window: QuotaWindowName } | null {
  const reached = windowRows.find(({ name, limit }) => limits[limit] > 0 && record[name].requests >= limits[limit]);
  return reached === undefined ? null : { limit: reached.limit, window: reached.name };
}

export const quotaWindowNames = ['day', 'week', 'month'] as const;
export type QuotaWindowName = (typeof quotaWindowNames)[number];

export interface QuotaWindow {
  readonly startMs: number;
  /** Where the next one begins. */
  readonly endMs: number;
}

export type QuotaWindows = Readonly<Record<QuotaWindowName, QuotaWindow>>;

const DAY_MS = 86_400_000;
/** The epoch was a Thursday. */
const FIRST_MONDAY_MS = 4 * DAY_MS;

/** The windows that `nowMs` is in. */
export function windowsAt(nowMs: number): QuotaWindows {
  const dayStartMs = Math.floor(nowMs / DAY_MS) * DAY_MS;
  const weekMs = 7 * DAY_MS;
  const weekStartMs = Math.floor((nowMs - FIRST_MONDAY_MS) / weekMs) * weekMs + FIRST_MONDAY_MS;
  const date = new Date(nowMs);
  const [year, month] = [date.getUTCFullYear(), date.getUTCMonth()];
  return {
    day: { startMs: dayStartMs, endMs: dayStartMs + DAY_MS },
    week: { startMs: weekStartMs, endMs: weekStartMs + weekMs },
    month: { startMs: Date.UTC(year, month, 1), endMs: Date.UTC(year, month + 1, 1) },
  };
}

/** A device that has not called in these windows. */
export function unusedRecord(hardwareId: string, windows: QuotaWindows): QuotaRecord {
  const none = (name: QuotaWindowName): WindowCount => ({ startMs: windows[name].startMs, requests: 0 });
  return { hardwareId, day: none('day'), week: none('week'), month: none('month') };
}

/** The record as it counts in `windows`: what belongs to earlier ones is over. A clock that was set back opens no window again. */
export function recordIn(windows: QuotaWindows, record: QuotaRecord): QuotaRecord {
  const count = (name: QuotaWindowName): WindowCount =>
    record[name].startMs >= windows[name].startMs ? record[name] : { startMs: windows[name].startMs, requests: 0 };
  return { hardwareId: record.hardwareId, day: count('day'), week: count('week'), month: count('month') };
}

/** The record with `difference` more requests in each window, never below 0. */
export function recordWith(record: QuotaRecord, difference: number): QuotaRecord {
  const count = ({ startMs, requests }: WindowCount): WindowCount => ({
    startMs,
    requests: Math.max(0, requests + difference),
  });
  return {
    hardwareId: record.hardwareId,
    day: count(record.day),
    week: count(record.week),
    month: count(record.month),
  };
}

/** Both counts of a device together; where one is of a later window, that alone counts. */
export function recordsAdded(one: QuotaRecord, other: QuotaRecord): QuotaRecord {
  const count = (name: QuotaWindowName): WindowCount => {
    const startMs = Math.max(one[name].startMs, other[name].startMs);
    const [here, there] = [one[name], other[name]].map((each) => (each.startMs === startMs ? each.requests : 0));
    return { startMs, requests: (here ?? 0) + (there ?? 0) };
  };
  return { hardwareId: one.hardwareId, day: count('day'), week: count('week'), month: count('month') };
}

/** Whether it still says something in `windows`. */
export function isCurrent(record: QuotaRecord, windows: QuotaWindows): boolean {
  return quotaWindowNames.some((name) => record[name].startMs >= windows[name].startMs && record[name].requests > 0);
}
