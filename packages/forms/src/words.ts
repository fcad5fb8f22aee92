import { fill, type LocalizedText } from "@zhanggui/kit/contract/text";

/** Both sentences with their braces filled. What is filled in comes from outside: it is cut where it is long. */
export function filled({ zh, en }: LocalizedText, values: Readonly<Record<string, string | number>>): LocalizedText {
  const short = Object.fromEntries(Object.entries(values).map(([name, value]) => [name, String(value).slice(0, 100)]));
  return { zh: fill(zh, short), en: fill(en, short) };
}
