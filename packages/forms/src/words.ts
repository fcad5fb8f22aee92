import { fill, type LocalizedText } from "@zhanggui/kit/contract/text";

/** Both sentences with their braces filled. What is filled in comes from outside: it is cut where it is long. */
export function filled({ zh, en }: LocalizedText, values: Readonly<Record<string, string | number>>): LocalizedText {
  const short = Object.fromEntries(Object.entries(values).map(([name, value]) => [name, String(value).slice(0, 100)]));
  return { zh: fill(zh, short), en: fill(en, short) };
}

/** What is wrong with something from outside, and where in it: a JSON pointer (RFC 6901), empty for the whole. */
export interface Misfit extends LocalizedText {
  readonly at: string;
}

/** The same, seen from what holds it under these names. */
export function within(names: readonly string[], { at, ...text }: LocalizedText & { readonly at?: string }): Misfit {
  const steps = names.map((name) => `/${name.replaceAll("~", "~0").replaceAll("/", "~1")}`);
  return { ...text, at: `${steps.join("")}${at ?? ""}` };
}

/** What is said to answers of a made form that hold nothing, in the browser as on the server. */
export const nothingAnswered: LocalizedText = { zh: "还没有填写任何内容", en: "Nothing has been filled in yet" };
