/** What the server and the process of its store say to each other. */
import { z } from 'zod';
import { keptExchangeSchema, memoryEntrySchema } from './memory-entry.ts';
import { quotaLimitsSchema, quotaRecordSchema } from './quota-record.ts';
import { usageEntrySchema } from './usage-entry.ts';

const id = z.int();

const generation = z.int().min(0);
const rememberedAt = z.strictObject({ before: generation.nullable(), generation });

/** To the process. `id` is the caller's, for the answer. */
export const storeRequestSchema = z.discriminatedUnion('kind', [
  /** Writes something of no meaning: whether the store can be written. */
  z.strictObject({ kind: z.literal('probe'), id }),
  z.strictObject({ kind: z.literal('usage'), id, entry: usageEntrySchema }),
  z.strictObject({ kind: z.literal('remember'), id, entry: memoryEntrySchema }),
  z.strictObject({ kind: z.literal('recall'), id, hardwareId: z.string(), timeMs: z.int() }),
  /** Takes a request of a device if one is left; `requests` 0 = only looks. */
  z.strictObject({
    kind: z.literal('takeQuota'),
    id,
    hardwareId: z.string().min(1).max(512),
    limits: quotaLimitsSchema,
    timeMs: z.int(),
    requests: z.int().min(0).max(1),
  }),
  /** The request that was taken at this time was never made. */
  z.strictObject({ kind: z.literal('returnQuota'), id, hardwareId: z.string().min(1).max(512), timeMs: z.int() }),
  /** Requests that were counted elsewhere come on top of what is stored. */
  z.strictObject({ kind: z.literal('addQuota'), id, record: quotaRecordSchema }),
]);
export type StoreRequest = z.infer<typeof storeRequestSchema>;

/** From the process. After `failed` it ends, and whatever was not told `stored` counts as not stored. */
export const storeReplySchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('opened') }),
  /** `memory`: where an exchange was put; absent = it was none, or is not remembered. */
  z.strictObject({ kind: z.literal('stored'), id, memory: rememberedAt.optional() }),
  /** With the generation at which the store stood, or one before. */
  z.strictObject({
    kind: z.literal('recalled'),
    id,
    exchanges: z.array(keptExchangeSchema),
    generation: generation.optional(),
  }),
  /** With the counts as they are now, and how many devices have any. */
  z.strictObject({
    kind: z.literal('quotaTaken'),
    id,
    isTaken: z.boolean(),
    record: quotaRecordSchema,
    devices: z.int().min(0),
  }),
  z.strictObject({ kind: z.literal('failed'), reason: z.string() }),
]);
export type StoreReply = z.infer<typeof storeReplySchema>;
