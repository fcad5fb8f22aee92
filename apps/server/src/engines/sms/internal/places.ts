import { badPlaces } from "../sms.contract.ts";

const place = /\{\{\s*([^{}]*?)\s*\}\}/g;
const name = /^[a-zA-Z]\w{0,29}$/;
/** What a code's text can say. */
const ofCodes: ReadonlySet<string> = new Set(["code", "minutes", "business"]);

/** The names of a text's places, each once, in the order in which they come. @throws Fault `sms.bad_places` */
export function placesOf(text: string, category: "code" | "notice" | "marketing"): string[] {
  const wrong = (given: string, zh: string, en: string) =>
    badPlaces({ place: given, reason: zh, errors: [{ field: "text" }] }, { cause: en });
  const names: string[] = [];
  for (const [whole, given = ""] of text.matchAll(place)) {
    if (!name.test(given)) throw wrong(whole, "只能是字母开头的名称", "a name of letters, digits and _");
    if (category === "code" && !ofCodes.has(given))
      throw wrong(whole, "验证码没有这个变量", "codes have no such value");
    if (!names.includes(given)) names.push(given);
  }
  const rest = text.replaceAll(place, "");
  if (/\{\{|\}\}/.test(rest)) throw wrong("{{ }}", "括号不成对", "brackets that aren't closed");
  if (category === "code" && !names.includes("code")) throw wrong("{{ code }}", "验证码模板必须有它", "codes need it");
  return names;
}

/** The text with its values put in. @throws Error for one that has none */
export function fillPlaces(text: string, values: Readonly<Record<string, string>>): string {
  return text.replaceAll(place, (_, given: string) => {
    const value = values[given];
    if (value === undefined) throw new Error(`no value for {{ ${given} }}`);
    return value;
  });
}

/** What carriers call the places: Tencent numbers them in the order in which they come, Aliyun has their names. */
export function parametersFor(
  provider: string,
  names: readonly string[],
  values: Readonly<Record<string, string>>,
): Record<string, string> {
  return Object.fromEntries(
    names.map((each, index) => [provider === "tencent" ? String(index + 1) : each, values[each] ?? ""]),
  );
}
