import type { z } from "zod";
import type { LocalizedText } from "./text.ts";

/** A value that a tenant can change without a restart. */
export interface Setting<Value> {
  /** `<module>.<name>`, with its unit last: `connect.replyTimeoutMs`. */
  readonly key: string;
  readonly schema: z.ZodType<Value>;
  /** What holds until somebody changes it. */
  readonly default: Value;
  readonly text: LocalizedText;
}

/**
 * Declares a setting. Whatever is stored is parsed again at each read, so a narrowed schema can't meet an old value.
 */
export function setting<Value>(
  key: `${string}.${string}`,
  schema: z.ZodType<Value>,
  defaultValue: Value,
  text: LocalizedText,
): Setting<Value> {
  return { key, schema, default: schema.parse(defaultValue), text };
}
