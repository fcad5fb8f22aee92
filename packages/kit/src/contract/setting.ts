import type { z } from "zod";
import type { LocalizedText } from "./text.ts";

/**
 * Where a setting can be set, the widest first: for the whole server, for a tenant, for one of its apps, for one of its
 * stores. What is set further down holds before what is set further up, and the code's default where nothing is set.
 */
export const settingLevels = ["platform", "tenant", "app", "store"] as const;
export type SettingLevel = (typeof settingLevels)[number];

/** A value that people change without a restart. */
export interface Setting<Value> {
  /** `<module>.<name>`, with its unit last: `connect.replyTimeoutMs`. */
  readonly key: string;
  readonly schema: z.ZodType<Value>;
  /** What holds until somebody changes it. */
  readonly default: Value;
  /** What it is called: a line. */
  readonly text: LocalizedText;
  /** What comes of it, and what to think of before it is changed. */
  readonly help?: LocalizedText;
  /** Those of a module that say the same stand together, under these words. */
  readonly group?: LocalizedText;
  readonly levels: readonly SettingLevel[];
  /** Its value is sealed where it is kept, and told to nobody. */
  readonly isSecret?: true;
  /** Makes a value for whoever asks the server for one, who is shown it once. */
  readonly generate?: () => string;
}

export interface SettingOptions {
  readonly help?: LocalizedText;
  readonly group?: LocalizedText;
  /** Left out, the platform says what holds for tenants, and each tenant what holds for itself. */
  readonly levels?: readonly [SettingLevel, ...SettingLevel[]];
}

const usualLevels: readonly [SettingLevel, ...SettingLevel[]] = ["platform", "tenant"];

/**
 * Declares a setting. Whatever is stored is parsed again before it is used, so a narrowed schema can't meet an old
 * value.
 */
export function setting<Value>(
  key: `${string}.${string}`,
  schema: z.ZodType<Value>,
  defaultValue: Value,
  text: LocalizedText,
  { levels = usualLevels, ...options }: SettingOptions = {},
): Setting<Value> {
  return { key, schema, default: schema.parse(defaultValue), text, levels, ...options };
}

/** Declares a setting whose value is a secret; null until somebody sets it. */
export function secretSetting(
  key: `${string}.${string}`,
  schema: z.ZodType<string>,
  text: LocalizedText,
  { levels = usualLevels, ...options }: SettingOptions & { readonly generate?: () => string } = {},
): Setting<string | null> {
  return { key, schema, default: null, text, levels, ...options, isSecret: true };
}
