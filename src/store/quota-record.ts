/** How often a device has called in each of the current windows, and the text that is stored of it. Windows are in UTC. */
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
