import type { LocalizedText } from "@zhanggui/kit/contract/text";

/** By the module that asks for them. */
const known: Readonly<Record<string, Readonly<Record<string, LocalizedText>>>> = {
  customers: { sign_in: { zh: "客户登录", en: "Customer's sign-in" } },
};

/** What a code is for, in words; of what programs ask for, their own name of it. */
export function purposeOf(purpose: string): LocalizedText {
  const [module = "", name = ""] = purpose.split(".");
  return known[module]?.[name] ?? { zh: `接口：${name}`, en: `API: ${name}` };
}
