import { fault } from "./fault.ts";
import type { Choice } from "./field.ts";
import type { LocalizedText } from "./text.ts";

/** What a tenant has agreed on with whoever runs the server: 1 to 4 of inventory B-71. */
export const plans = ["basic", "growth", "enterprise", "partner"] as const;
export type Plan = (typeof plans)[number];

export const planChoices: Readonly<Record<Plan, Choice>> = {
  basic: { zh: "基础版", en: "Basic", tone: "quiet" },
  growth: { zh: "成长版", en: "Growth", tone: "info" },
  enterprise: { zh: "企业版", en: "Enterprise", tone: "good" },
  partner: { zh: "合作版", en: "Partner", tone: "good" },
};

/** What a plan gives so much of and no more. */
export interface PlanLimit {
  /** `<module>.<what>`. */
  readonly name: string;
  readonly label: LocalizedText;
  /** Null: as many as they like. */
  readonly most: Readonly<Record<Plan, number | null>>;
}

/** Declares a limit; the module gives what counts it to the extension point `measured`, and asks where it makes one. */
export function planLimit(name: `${string}.${string}`, label: LocalizedText, most: PlanLimit["most"]): PlanLimit {
  return { name, label, most };
}

/** D-76. What was made would be more than the plan gives: `labelZh`, `labelEn` of what, `planZh`, `planEn` of it. */
export const limitReached = fault(
  "kit.limit_reached",
  409,
  {
    zh: "{labelZh}已达上限：{planZh}最多 {most}，已用 {used}。请先清理不再需要的，或联系平台升级套餐。",
    en: "{labelEn}: the {planEn} plan gives {most}, and {used} are in use. Remove some, or ask for more.",
  },
  { errno: 2004 },
);

/** The tenant may read only: its plan is over, or the platform has suspended it. */
export const readOnly = fault("kit.read_only", 403, {
  zh: "{becauseZh}，目前只能查看和导出，数据完整保留。请联系平台，恢复后一切照常。",
  en: "{becauseEn}: you can look and export, and nothing is lost. Ask the platform; all goes on once that is settled.",
});
