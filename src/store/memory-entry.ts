/**
 * What is remembered of a device: exchanges in the order of time, and the rules that bound them in number, characters and age. Pure; the
 * process of the store and the server follow the same rules. A device's memory never has more than its limits, also not for a moment.
 */
import { z } from 'zod';

/** One utterance and the words that went out. */
export interface RememberedExchange {
  readonly prompt: string;
  readonly answer: string;
}

/** An exchange on its way to the disk. */
export interface MemoryEntry extends RememberedExchange {
  readonly hardwareId: string;
  /** When it was asked, since the epoch: what was asked before its device was forgotten is not remembered any more. */
  readonly askedAtMs: number;
  /** When its answer ended, from which it ages. */
  readonly timeMs: number;
}

export interface MemoryLimits {
  readonly maxExchanges: number;
  /** Of prompts and answers together, in UTF-16 units. */
  readonly maxChars: number;
  readonly ttlMs: number;
  readonly maxDevices: number;
}

/** As it stands on the disk. */
export interface KeptExchange extends RememberedExchange {
  readonly timeMs: number;
}

const timeMs = z.int().min(0).max(8.64e15);
/** As far as a limit can be set. */
export const MAX_MEMORY_CHARS = 262_144;
export const MAX_MEMORY_EXCHANGES = 200;
const text = z.string().max(MAX_MEMORY_CHARS);

export const memoryEntrySchema: z.ZodType<MemoryEntry> = z.strictObject({
  hardwareId: z.string().min(1).max(512),
  askedAtMs: timeMs,
  timeMs,
  prompt: text,
  answer: text,
});
export const memoryLimitsSchema: z.ZodType<MemoryLimits> = z.strictObject({
  maxExchanges: z.int().min(1).max(MAX_MEMORY_EXCHANGES),
  maxChars: z.int().min(1).max(MAX_MEMORY_CHARS),
  ttlMs: z.int().min(1),
  maxDevices: z.int().min(1),
});
export const keptExchangeSchema: z.ZodType<KeptExchange> = z.strictObject({ timeMs, prompt: text, answer: text });
const keptSchema = z.array(keptExchangeSchema);

/** What of `kept` counts at `nowMs`: not expired, and the newest ones that fit. */
export function withinLimits(kept: readonly KeptExchange[], limits: MemoryLimits, nowMs: number): KeptExchange[] {
  const within: KeptExchange[] = [];
  let chars = 0;
  for (const exchange of kept.toReversed()) {
    chars += exchange.prompt.length + exchange.answer.length;
    if (within.length === limits.maxExchanges || chars > limits.maxChars) break;
    // Times may stand out of order where a clock was set back: each counts for itself.
    if (exchange.timeMs > nowMs - limits.ttlMs) within.push(exchange);
  }
  return within.reverse();
}

/** An exchange of at most `maxChars`: of what is too long the beginnings stay, at least a half for either side if it needs that. */
export function shortened({ prompt, answer }: RememberedExchange, maxChars: number): RememberedExchange {
  const half = Math.floor(maxChars / 2);
  const promptChars = Math.max(half, maxChars - answer.length);
  const keptPrompt = beginningOf(prompt, promptChars);
  return { prompt: keptPrompt, answer: beginningOf(answer, maxChars - keptPrompt.length) };
}

/** At most `maxChars` of `text`, well-formed; an ellipsis says that it goes on. */
export function beginningOf(text: string, maxChars: number): string {
  if (text.length <= maxChars) return text.toWellFormed();
  if (maxChars < 1) return '';
  // The cut may have halved a character.
  const cut = text.slice(0, maxChars - 1).replace(/[\ud800-\udbff]$/, '');
  return `${cut.toWellFormed()}…`;
}

export function storedTextOfExchanges(kept: readonly KeptExchange[]): string {
  return JSON.stringify(kept);
}

/** What a record says; nothing if it is no memory of ours. */
export function exchangesOfStored(stored: string | undefined): readonly KeptExchange[] {
  if (stored === undefined) return [];
  try {
    return keptSchema.parse(JSON.parse(stored));
  } catch {
    return [];
  }
}
