import { z } from "zod";

/** A request body as it arrived, for routes that speak somebody else's protocol. */
export const RawBody = z.object({
  bytes: z.custom<Uint8Array>((value) => value instanceof Uint8Array),
  contentType: z.string(),
});
export type RawBody = z.output<typeof RawBody>;

/** A reply sent as it is. */
export const RawReply = z.object({ status: z.int().default(200), contentType: z.string(), body: z.string() });
export type RawReply = z.output<typeof RawReply>;
