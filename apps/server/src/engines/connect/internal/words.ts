import type { Fault } from "@zhanggui/kit/contract/fault";
import { fill } from "@zhanggui/kit/contract/text";

/** A fault as a sentence in both languages, for what is shown beside other things rather than thrown. */
export function wordsOf({ definition: { text }, details }: Fault): { zh: string; en: string } {
  return { zh: fill(text.zh, details), en: fill(text.en, details) };
}
