/** What the server and the process of its store say to each other. */
import { z } from 'zod';
import { usageEntrySchema } from './usage-entry.ts';

/** To the process. `id` is the caller's, for the answer. */
export const storeRequestSchema = z.strictObject({ id: z.int(), entry: usageEntrySchema });
export type StoreRequest = z.infer<typeof storeRequestSchema>;

/** From the process. After `failed` it ends, and whatever was not told `stored` counts as not stored. */
export const storeReplySchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('opened') }),
  z.strictObject({ kind: z.literal('stored'), id: z.int() }),
  z.strictObject({ kind: z.literal('failed'), reason: z.string() }),
]);
export type StoreReply = z.infer<typeof storeReplySchema>;
