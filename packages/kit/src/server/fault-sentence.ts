import type { Fault } from "../contract/fault.ts";
import { fill, type LocalizedText } from "../contract/text.ts";

/** What a fault says, in both languages, with its details filled in: to keep beside what failed. */
export function faultSentence({ definition, details }: Fault): LocalizedText {
  const { zh, en } = definition.text;
  return { zh: fill(zh, details), en: fill(en, details) };
}
