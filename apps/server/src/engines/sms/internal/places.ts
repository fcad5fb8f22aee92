import { badCodePlace, badPlace, codePlaceMissing, foreignPlace } from "../faults.contract.ts";

const place = /\{\{\s*([^{}]*?)\s*\}\}/g;
const name = /^[a-zA-Z]\w{0,29}$/;
/** As carriers write places and signatures: pasted from there they would go out as they stand. */
const foreign = /\$\{[^}]*\}|\{[^{}]*\}|[{}]|^【[^】]*】/;
/** What a code's text can say. */
const ofCodes: ReadonlySet<string> = new Set(["code", "minutes", "business"]);

/**
 * The names of a text's places, each once, in the order in which they come.
 *
 * @throws Fault `sms.bad_place`, `sms.foreign_place`, `sms.bad_code_place`, `sms.code_place_missing`
 */
export function placesOf(text: string, category: "code" | "notice" | "marketing"): string[] {
  const errors = [{ field: "text" }];
  const names: string[] = [];
  for (const [whole, given = ""] of text.matchAll(place)) {
    if (!name.test(given)) throw badPlace({ place: whole, errors });
    if (category === "code" && !ofCodes.has(given)) throw badCodePlace({ place: given, errors });
    if (!names.includes(given)) names.push(given);
  }
  const [strange] = foreign.exec(text.replaceAll(place, "")) ?? [];
  if (strange !== undefined) throw foreignPlace({ place: strange, errors });
  if (category === "code" && !names.includes("code")) throw codePlaceMissing({ errors });
  return names;
}

/** The text with its values put in. @throws Error for one that has none */
export function fillPlaces(text: string, values: Readonly<Record<string, string>>): string {
  return text.replaceAll(place, (_, given: string) => {
    const value = valueOf(values, given);
    if (value === undefined) throw new Error(`no value for {{ ${given} }}`);
    return value;
  });
}

/** What was given under a name; names are whatever somebody wrote, `toString` too. */
export function valueOf(values: Readonly<Record<string, string>>, given: string): string | undefined {
  return Object.hasOwn(values, given) ? values[given] : undefined;
}

/** What carriers call the places: Tencent numbers them in the order in which they come, Aliyun has their names. */
export function parametersFor(
  provider: string,
  names: readonly string[],
  values: Readonly<Record<string, string>>,
): Record<string, string> {
  return Object.fromEntries(
    names.map((each, index) => [provider === "tencent" ? String(index + 1) : each, valueOf(values, each) ?? ""]),
  );
}
