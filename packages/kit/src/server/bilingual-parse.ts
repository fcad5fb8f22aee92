import type { z } from "zod";
import { en, zhCN } from "zod/locales";
import { bilingual, translate } from "../contract/text.ts";
import type { FieldError } from "./http/problem.ts";

/** Made once: a locale is a table of hundreds of words. */
const words = { zh: zhCN().localeError, en: en().localeError };

/** What a schema made of a value, or what is wrong with it: in both languages, for a fault to tell. */
export type Parsed<Value> =
  | { readonly success: true; readonly data: Value }
  | { readonly success: false; readonly errors: readonly (FieldError & { readonly message: string })[] };

/**
 * Parses what isn't a part of a request by itself, whose language nobody knows here.
 *
 * @param field what the value is called where it was sent; the errors' fields begin with it
 */
export function parseInBoth<Value>(schema: z.ZodType<Value>, value: unknown, field: string): Parsed<Value> {
  const inEnglish = schema.safeParse(value, { error: words.en });
  if (inEnglish.success) return inEnglish;
  const inChinese = schema.safeParse(value, { error: words.zh }).error?.issues ?? [];
  return {
    success: false,
    errors: inEnglish.error.issues.map(({ path, message }, index) => ({
      field: [field, ...path].join("."),
      message: bilingual({
        zh: translate(inChinese[index]?.message ?? message, "zh"),
        en: translate(message, "en"),
      }),
    })),
  };
}
