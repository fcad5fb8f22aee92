import type { Ctx } from "@zhanggui/kit/server/ctx";
import { reaches } from "@zhanggui/kit/server/data-scope";
import { audienceContacts } from "./audience.contract.ts";

export const hiddenDetail = "••••";
const mailAddress = /[^\s@<>"“”「」:：,，;；()（）]+@[\p{L}\p{N}.-]*[\p{L}\p{N}]/gu;

/** Whether somebody may see phone numbers and mail addresses. */
export function mayContact({ actor }: Ctx): boolean {
  return reaches(actor, audienceContacts);
}

/** The same value without the mail addresses in its texts, for whoever may not see them. */
export function withoutAddresses<Value>(value: Value): Value {
  if (typeof value === "string") return value.replaceAll(mailAddress, hiddenDetail) as Value;
  if (Array.isArray(value)) return value.map((each) => withoutAddresses(each as unknown)) as Value;
  if (typeof value !== "object" || value === null || Object.getPrototypeOf(value) !== Object.prototype) return value;
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, withoutAddresses(each)])) as Value;
}
