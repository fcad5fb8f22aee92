import type { LocalizedText } from "@zhanggui/kit/contract/text";

/** What calls of its routes are to people, in the audit log. */
export const acts: Readonly<Record<string, LocalizedText>> = {
  change: { zh: "修改设置", en: "Change a setting" },
  clear: { zh: "清除设置", en: "Clear a setting" },
  generate: { zh: "生成密钥", en: "Make a secret" },
  rollBack: { zh: "恢复设置的旧版本", en: "Put a setting back" },
  rollAllBack: { zh: "把设置恢复到某一时刻", en: "Put all settings back" },
};
