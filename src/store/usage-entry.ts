/** One report of used tokens, and the text it is stored as. Single entries are kept, so that a sum can be audited. */
import { z } from 'zod';

/** Who said it: a client by ReportUsage, or this server of its own answers. */
const reporters = ['client', 'server'] as const;

export interface UsageEntry {
  /** Since the epoch. */
  readonly timeMs: number;
  readonly hardwareId: string;
  /** '' = none was given. */
  readonly sessionId: string;
  readonly reporter: (typeof reporters)[number];
  readonly source: string;
  readonly model: string;
  readonly inputTokens: number;
  readonly outputTokens: number;
}

/** An int32 on the wire. */
const tokens = z.int().min(0).max(2_147_483_647);
const text = z.string().max(512);

/** Every entry is checked on its way in and on its way out: the file may be older, or not ours. */
export const usageEntrySchema: z.ZodType<UsageEntry> = z.strictObject({
  timeMs: z.int().min(0).max(8.64e15),
  hardwareId: text.min(1),
  sessionId: text,
  reporter: z.enum(reporters),
  source: text,
  model: text,
  inputTokens: tokens,
  outputTokens: tokens,
});

/** What this server used itself for one answer. */
export function answerUsage(
  { hardwareId, sessionId }: Pick<UsageEntry, 'hardwareId' | 'sessionId'>,
  { model, inputTokens, outputTokens }: Pick<UsageEntry, 'model' | 'inputTokens' | 'outputTokens'>,
  timeMs: number,
): UsageEntry {
  return { timeMs, hardwareId, sessionId, reporter: 'server', source: 'answer', model, inputTokens, outputTokens };
}

/** The time stands in the key. */
export function storedTextOf({ timeMs: _timeMs, ...rest }: UsageEntry): string {
  return JSON.stringify(rest);
}

/** null = it is not a usage entry. */
export function entryOfStored(timeMs: unknown, stored: unknown): UsageEntry | null {
  try {
    const parsed = z.record(z.string(), z.unknown()).parse(JSON.parse(String(stored)));
    return usageEntrySchema.parse({ ...parsed, timeMs });
  } catch {
    return null;
  }
}
