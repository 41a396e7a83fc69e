/** What the server and the process of its store say to each other. */
import { z } from 'zod';
import { exchangeSchema, memoryEntrySchema } from './memory-entry.ts';
import { quotaRecordSchema } from './quota-record.ts';
import { usageEntrySchema } from './usage-entry.ts';

const id = z.int();

/** To the process. `id` is the caller's, for the answer. */
export const storeRequestSchema = z.discriminatedUnion('kind', [
  /** Writes something of no meaning: whether the store can be written. */
  z.strictObject({ kind: z.literal('probe'), id }),
  z.strictObject({ kind: z.literal('usage'), id, entry: usageEntrySchema }),
  z.strictObject({ kind: z.literal('remember'), id, entry: memoryEntrySchema }),
  z.strictObject({ kind: z.literal('recall'), id, hardwareId: z.string(), timeMs: z.int() }),
  z.strictObject({ kind: z.literal('saveQuota'), id, record: quotaRecordSchema }),
  z.strictObject({ kind: z.literal('loadQuota'), id, after: z.string(), timeMs: z.int() }),
]);
export type StoreRequest = z.infer<typeof storeRequestSchema>;

/** From the process. After `failed` it ends, and whatever was not told `stored` counts as not stored. */
export const storeReplySchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('opened') }),
  z.strictObject({ kind: z.literal('stored'), id }),
  z.strictObject({ kind: z.literal('recalled'), id, exchanges: z.array(exchangeSchema) }),
  z.strictObject({
    kind: z.literal('quotaLoaded'),
    id,
    records: z.array(quotaRecordSchema),
    next: z.string().nullable(),
  }),
  z.strictObject({ kind: z.literal('failed'), reason: z.string() }),
]);
export type StoreReply = z.infer<typeof storeReplySchema>;
