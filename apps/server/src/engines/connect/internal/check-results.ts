import type { LocalizedText } from "@zhanggui/kit/contract/text";
import type { CheckResult } from "../diagnosis.contract.ts";

type Value = CheckResult["values"][number];
interface More {
  readonly remedy?: LocalizedText;
  readonly values?: readonly Value[];
  readonly errcode?: number | undefined;
  readonly said?: string | undefined;
}

function result(outcome: CheckResult["outcome"], found: LocalizedText, more: More = {}): CheckResult {
  const { remedy = null, values = [], errcode = null, said = null } = more;
  return { outcome, found, remedy, values: [...values], errcode, said };
}
export const good = (found: LocalizedText, more?: More): CheckResult => result("good", found, more);
export const bad = (found: LocalizedText, more?: More): CheckResult => result("bad", found, more);
export const waiting = (found: LocalizedText, more?: More): CheckResult => result("waiting", found, more);
export const unknown = (found: LocalizedText, more?: More): CheckResult => result("unknown", found, more);

/** What somebody pastes at WeChat. */
export const toCopy = (label: LocalizedText, value: string): Value => ({
  label,
  value,
  isGood: null,
  isToCopy: true,
});
/** One of several things that were looked at. */
export const seen = (label: LocalizedText, value: string, isGood: boolean | null): Value => ({
  label,
  value,
  isGood,
  isToCopy: false,
});
