/** The two languages of the product. Chinese comes first, English beside it. */
export const languages = ["zh", "en"] as const;
export type Language = (typeof languages)[number];

/** One sentence in both languages. Whoever adds a sentence writes both, or it doesn't compile. */
export interface LocalizedText {
  readonly zh: string;
  readonly en: string;
}

/**
 * Picks the language of an `Accept-Language` header (RFC 9110 §12.5.4): the first of ours that it names.
 * A header that names neither gets Chinese.
 */
export function languageOf(acceptLanguage: string | undefined): Language {
  const wanted = (acceptLanguage ?? "")
    .split(",")
    .map((part) => {
      const [tag = "", ...parameters] = part.trim().toLowerCase().split(";");
      const weight = parameters.map((parameter) => /^\s*q=([\d.]+)/.exec(parameter)?.[1]).find(Boolean);
      return { tag, weight: weight === undefined ? 1 : Number(weight) };
    })
    .toSorted((a, b) => b.weight - a.weight);
  for (const { tag } of wanted) {
    if (tag.startsWith("zh")) return "zh";
    if (tag.startsWith("en")) return "en";
  }
  return "zh";
}

/** Fills `{name}` with `values.name`; a name without a value stays as it is written, so that it shows. */
export function fill(sentence: string, values: Readonly<Record<string, unknown>>): string {
  return sentence.replaceAll(/\{(\w+)\}/g, (whole, name: string) => (name in values ? String(values[name]) : whole));
}

/** How long to wait, in words: in seconds up to two minutes, in minutes up to two hours, then in hours; rounded up. */
export function waitInWords(seconds: number, language: Language): string {
  const [amount, zh, en] =
    seconds <= 120
      ? [seconds, "秒", "second"]
      : seconds <= 7200
        ? [seconds / 60, "分钟", "minute"]
        : [seconds / 3600, "小时", "hour"];
  const whole = Math.ceil(amount);
  return language === "zh" ? `${whole} ${zh}` : `${whole} ${en}${whole === 1 ? "" : "s"}`;
}

const between = "\u001f";

/**
 * A sentence in both languages as one string, for what takes only a string: a schema's own error. `translate` tells it.
 */
export function bilingual(text: LocalizedText): string {
  return `${text.zh}${between}${text.en}`;
}

/** The part of a bilingual string in `language`; any other string as it is. */
export function translate(message: string, language: Language): string {
  const [zh = "", en] = message.split(between);
  return en === undefined || language === "zh" ? zh : en;
}
