import { fieldsByPath } from "@zhanggui/forms/form-graph";
import { inWords } from "@zhanggui/forms/answer-words";
import type { Form } from "@zhanggui/forms/form";
import { valueAt, type Values } from "@zhanggui/forms/values";
import type { StreamOut } from "@zhanggui/kit/contract/body";
import { defaultZone } from "@zhanggui/kit/contract/business-day";
import type { Language, LocalizedText } from "@zhanggui/kit/contract/text";
import { byteOrderMark, csvLine, csvTime, harmless } from "@zhanggui/kit/server/csv";

/** An answer as whoever asks may see it. */
export interface Answer {
  readonly accountName: string;
  readonly version: number;
  readonly answeredAt: Date;
  readonly answers: Values;
}

interface Content {
  /** Of the form. */
  readonly name: string;
  readonly language: Language;
  readonly zone?: string | undefined;
  /** Each version as whoever asks may see it, the latest first. */
  readonly forms: ReadonlyMap<number, Form>;
  readonly rows: AsyncIterable<readonly Answer[]>;
}

const heads: readonly LocalizedText[] = [
  { zh: "填写时间", en: "At" },
  { zh: "填写人", en: "By" },
  { zh: "版本", en: "Version" },
];

/** A line for each answer, a column for each field that any version had, called as the latest of them calls it. */
export function fileOf({ name, language, zone = defaultZone, forms, rows }: Content): StreamOut {
  const columns = new Map<string, LocalizedText>();
  for (const form of forms.values()) {
    for (const { name: path, label } of form.fields) if (!columns.has(path)) columns.set(path, label);
  }
  const fields = new Map([...forms].map(([number, form]) => [number, fieldsByPath(form)]));
  const lineOf = ({ answeredAt, accountName, version, answers }: Answer): string => {
    const cells = [...columns.keys()].map((path) => {
      const field = fields.get(version)?.get(path);
      if (field === undefined) return "";
      const value = valueAt(answers, path);
      const text = inWords(field, value, zone)[language];
      // A choice may be a number whose word was made by somebody.
      return text === String(value) && typeof value === "number" ? text : harmless(text);
    });
    return csvLine([csvTime(answeredAt, zone), harmless(accountName), String(version), ...cells]);
  };
  const lines = async function* (): AsyncGenerator<Uint8Array, void, undefined> {
    const labels = [...heads, ...columns.values()].map((label) => harmless(label[language]));
    yield Buffer.from(byteOrderMark + csvLine(labels));
    for await (const batch of rows) yield Buffer.from(batch.map(lineOf).join(""));
  };
  return { contentType: "text/csv; charset=utf-8", fileName: `${name}.csv`, stream: lines() };
}
