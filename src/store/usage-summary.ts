/** Sums of usage entries, a group for each device, reporter, source and model. Exact below 2^53 tokens a group. */
import type { UsageEntry } from './usage-entry.ts';

export interface UsageSums {
  readonly reports: number;
  readonly inputTokens: number;
  readonly outputTokens: number;
}

export interface UsageGroup extends UsageSums {
  readonly hardwareId: string;
  readonly reporter: UsageEntry['reporter'];
  readonly source: string;
  readonly model: string;
  readonly firstMs: number;
  readonly lastMs: number;
}

export interface UsageSummary {
  /** Sorted by device, reporter, source, model. */
  readonly groups: readonly UsageGroup[];
  readonly total: UsageSums;
  /** Records that are not usage entries, and count nowhere. */
  readonly unreadable: number;
}

const nothing: UsageSums = { reports: 0, inputTokens: 0, outputTokens: 0 };

/** Sums up `entries`, null standing for an unreadable one; only those of `hardwareId` if it is given. */
export function summaryOf(entries: Iterable<UsageEntry | null>, hardwareId?: string): UsageSummary {
  const groups = new Map<string, UsageGroup>();
  let total = nothing;
  let unreadable = 0;
  for (const entry of entries) {
    if (entry === null) {
      unreadable += 1;
    } else if (hardwareId === undefined || entry.hardwareId === hardwareId) {
      const name = JSON.stringify([entry.hardwareId, entry.reporter, entry.source, entry.model]);
      groups.set(name, withEntry(groups.get(name), entry));
      total = sumsWith(total, entry);
    }
  }
  return { groups: [...groups.values()].toSorted(inOrder), total, unreadable };
}

function withEntry(group: UsageGroup | undefined, entry: UsageEntry): UsageGroup {
  const { hardwareId, reporter, source, model, timeMs } = entry;
  return {
    hardwareId,
    reporter,
    source,
    model,
    ...sumsWith(group ?? nothing, entry),
    firstMs: Math.min(group?.firstMs ?? timeMs, timeMs),
    lastMs: Math.max(group?.lastMs ?? timeMs, timeMs),
  };
}

function sumsWith(sums: UsageSums, { inputTokens, outputTokens }: UsageEntry): UsageSums {
  return {
    reports: sums.reports + 1,
    inputTokens: sums.inputTokens + inputTokens,
    outputTokens: sums.outputTokens + outputTokens,
  };
}

function inOrder(one: UsageGroup, other: UsageGroup): number {
  for (const field of ['hardwareId', 'reporter', 'source', 'model'] as const) {
    if (one[field] !== other[field]) return one[field] < other[field] ? -1 : 1;
  }
  return 0;
}
