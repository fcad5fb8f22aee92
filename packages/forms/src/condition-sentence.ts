import type { Comparison, Condition, EventCondition, FieldCondition, Json } from "@zhanggui/kit/contract/condition";
import { defaultZone } from "@zhanggui/kit/contract/business-day";
import { fill, type Language, type LocalizedText } from "@zhanggui/kit/contract/text";
import type { Asked } from "./condition-guard.ts";

/** What ids in conditions are called, by id; one without a name is told as it is. */
export interface SentenceNames {
  readonly events?: Readonly<Record<string, LocalizedText>>;
  readonly members?: Readonly<Record<string, string>>;
  /** Whose clock instants are told in; the business's, if left out. */
  readonly zone?: string;
}

/** The condition as one sentence without a full stop: 等级为“金”，且最近 30 天内到店至少 2 次. */
export function sentenceOf(
  condition: Condition,
  fields: readonly Asked[],
  language: Language,
  names: SentenceNames = {},
): string {
  const { and, or, always, never, not, open, close } = joints[language];
  const tell = (part: Condition): string => {
    if ("all" in part) return part.all.map(inner).join(and) || always;
    if ("any" in part) return part.any.map(inner).join(or) || never;
    if ("not" in part) {
      const opposite = opposites(part.not);
      return opposite === undefined ? `${not}${open}${tell(part.not)}${close}` : tell(opposite);
    }
    if ("event" in part) return eventSentence(part, language, names);
    if ("member" in part) {
      const list = listed(
        part.of.map((id) => quoted(names.members?.[id] ?? id)),
        language,
      );
      return memberWords[part.member][language].replace("{list}", () => list);
    }
    return fieldSentence(
      part,
      fields.find(({ name }) => name === part.field),
      language,
      names,
    );
  };
  const inner = (part: Condition): string => {
    const isGroup = ("all" in part && part.all.length > 1) || ("any" in part && part.any.length > 1);
    return isGroup ? `${open}${tell(part)}${close}` : tell(part);
  };
  return tell(condition);
}

const joints = {
  zh: { and: "，且", or: "，或", always: "始终成立", never: "从不成立", not: "并非", open: "（", close: "）" },
  en: { and: " and ", or: " or ", always: "always", never: "never", not: "not ", open: "(", close: ")" },
} as const satisfies Readonly<Record<Language, object>>;

const words: Readonly<Record<Comparison, LocalizedText>> = {
  eq: { zh: "{label}为{value}", en: "{label} is {value}" },
  ne: { zh: "{label}不为{value}", en: "{label} is not {value}" },
  in: { zh: "{label}为{list}", en: "{label} is {list}" },
  notIn: { zh: "{label}不为{list}", en: "{label} is not {list}" },
  lt: { zh: "{label}小于 {value}", en: "{label} is below {value}" },
  le: { zh: "{label}不超过 {value}", en: "{label} is at most {value}" },
  gt: { zh: "{label}大于 {value}", en: "{label} is above {value}" },
  ge: { zh: "{label}不少于 {value}", en: "{label} is at least {value}" },
  between: { zh: "{label}在 {value} 与 {second} 之间", en: "{label} is between {value} and {second}" },
  contains: { zh: "{label}包含{value}", en: "{label} contains {value}" },
  startsWith: { zh: "{label}以{value}开头", en: "{label} starts with {value}" },
  empty: { zh: "{label}未填写", en: "{label} is empty" },
  notEmpty: { zh: "{label}已填写", en: "{label} is filled in" },
};
const timeWords: Readonly<Partial<Record<Comparison, LocalizedText>>> = {
  lt: { zh: "{label}早于 {value}", en: "{label} is before {value}" },
  le: { zh: "{label}不晚于 {value}", en: "{label} is not after {value}" },
  gt: { zh: "{label}晚于 {value}", en: "{label} is after {value}" },
  ge: { zh: "{label}不早于 {value}", en: "{label} is not before {value}" },
};
const memberWords = {
  tag: { zh: "带有标签{list}", en: "tagged {list}" },
  segment: { zh: "属于人群{list}", en: "in the segment {list}" },
} as const;

function fieldSentence(
  { field, is, value = null }: FieldCondition,
  asked: Asked | undefined,
  language: Language,
  { zone }: SentenceNames,
): string {
  const label = asked?.label[language] ?? field;
  const isTime = asked?.kind === "instant" || asked?.kind === "day";
  const sentence = ((isTime ? timeWords[is] : undefined) ?? words[is])[language];
  const values = (Array.isArray(value) ? (value as readonly Json[]) : [value]).map((each) =>
    valueInWords(each, asked, language, zone),
  );
  const [first = "", second = ""] = values;
  return fill(sentence, { label, value: first, second, list: listed(values, language) });
}

function eventSentence(
  { event, withinDays, atLeast, atMost }: EventCondition,
  language: Language,
  { events }: SentenceNames,
): string {
  const name = quoted(events?.[event]?.[language] ?? event);
  const days = String(withinDays);
  const times = timesInWords(language, atLeast ?? 0, atMost);
  return fill(
    language === "zh"
      ? "最近 {days} 天内{name}{times}"
      : `{name} {times} in the last ${days === "1" ? "day" : "{days} days"}`,
    { name, days, times },
  );
}

function timesInWords(language: Language, atLeast: number, atMost: number | undefined): string {
  if (language === "zh") {
    if (atMost === undefined) return `至少 ${atLeast} 次`;
    if (atMost === atLeast) return atMost === 0 ? "没有发生" : `恰好 ${atMost} 次`;
    return atLeast === 0 ? `最多 ${atMost} 次` : `${atLeast} 至 ${atMost} 次`;
  }
  const times = (count: number): string => (count === 1 ? "once" : count === 2 ? "twice" : `${count} times`);
  if (atMost === undefined) return `at least ${times(atLeast)}`;
  if (atMost === atLeast) return atMost === 0 ? "never" : `exactly ${times(atMost)}`;
  return atLeast === 0 ? `at most ${times(atMost)}` : `${atLeast} to ${atMost} times`;
}

/** The condition that says the contrary without a "not"; undefined where none does. */
function opposites(condition: Condition): Condition | undefined {
  if ("not" in condition) return condition.not;
  if (!("field" in condition)) return undefined;
  const is = contraries[condition.is];
  return is === undefined ? undefined : { ...condition, is };
}

const contraries: Readonly<Partial<Record<Comparison, Comparison>>> = {
  eq: "ne",
  ne: "eq",
  in: "notIn",
  notIn: "in",
  empty: "notEmpty",
  notEmpty: "empty",
};

function valueInWords(value: Json, asked: Asked | undefined, language: Language, zone = defaultZone): string {
  const { choices = {} } = asked ?? {};
  const name = typeof value === "boolean" ? String(value) : value;
  const choice = typeof name === "string" && Object.hasOwn(choices, name) ? choices[name] : undefined;
  if (choice !== undefined) return quoted(choice[language]);
  if (typeof value === "boolean") return quoted(yesNo[language][value ? 0 : 1]);
  if (typeof value === "number") return asked?.kind === "money" ? `¥${(value / 100).toFixed(2)}` : String(value);
  if (typeof value !== "string") return language === "zh" ? "空" : "nothing";
  if (asked?.kind === "day") return value;
  if (asked?.kind !== "instant") return quoted(value);
  // Swedish writes 2026-11-29 08:30.
  return new Date(value).toLocaleString("sv", { timeZone: zone, dateStyle: "short", timeStyle: "short" });
}

const yesNo = { zh: ["是", "否"], en: ["yes", "no"] } as const;

function quoted(text: string): string {
  return `“${text}”`;
}

function listed(items: readonly string[], language: Language): string {
  const [or, comma] = language === "zh" ? ["或", "、"] : [" or ", ", "];
  if (items.length === 0) return language === "zh" ? "空" : "nothing";
  return [items.slice(0, -1).join(comma), ...items.slice(-1)].filter((part) => part !== "").join(or);
}
