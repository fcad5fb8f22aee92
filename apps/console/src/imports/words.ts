import { fill, type LocalizedText } from "@zhanggui/kit/contract/text";
import { inLanguage } from "../common/language.ts";

/** A sentence in the reader's language, filled in. */
export function say(text: LocalizedText, values: Readonly<Record<string, unknown>> = {}): string {
  return fill(inLanguage(text), values);
}
