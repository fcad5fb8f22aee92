import type { z } from "zod";
import type { Text } from "./text.ts";

/** A value that a tenant can change without a restart. */
export interface Setting<Value> {
  /** `<module>.<name>`, with its unit last: `connect.replyTimeoutMs`. */
  readonly key: string;
  readonly schema: z.ZodType<Value>;
  /** What holds until somebody changes it. */
  readonly initial: Value;
  readonly text: Text;
}

/**
 * Declares a setting. Whatever is stored is parsed again at each read, so a narrowed schema can't meet an old value.
 */
export function setting<Value>(
  key: `${string}.${string}`,
  schema: z.ZodType<Value>,
  initial: Value,
  text: Text,
): Setting<Value> {
  return { key, schema, initial: schema.parse(initial), text };
}
