import { type Form, formOf } from "@zhanggui/forms/form";
import type { FieldInfo } from "@zhanggui/kit/contract/field";
import type { JsonSchema } from "@zhanggui/kit/contract/schema";
import type { Scope, Setting } from "./setting-scope.ts";

const comment: JsonSchema = {
  type: "string",
  maxLength: 200,
  field: {
    label: { zh: "修改说明", en: "Why" },
    hint: { zh: "会出现在修改记录里。", en: "It stands in the history." },
  },
};
const isPinned: JsonSchema = {
  type: "boolean",
  field: {
    label: { zh: "锁定", en: "Pin it" },
    hint: {
      zh: "锁定后对所有租户生效，租户不能修改，已有的修改暂不生效。",
      en: "Pinned, it holds for every tenant: none can change it, and what they have set doesn't count meanwhile.",
    },
  },
};

/** The form of a setting's value alone, whose field says how it is shown. */
export function valueForm({ schema, isSecret, zh, en, help }: Setting): Form {
  const label = { zh, en };
  // A choice is shown by its words; what the setting is called stands with the setting.
  const { choices } = (schema["field"] as Pick<FieldInfo, "choices"> | undefined) ?? {};
  const field = {
    label,
    ...(choices && { choices }),
    ...(help === null ? {} : { hint: help }),
    ...(isSecret ? { input: "password" } : {}),
  };
  return formOf({ type: "object", properties: { value: { ...schema, field } }, required: ["value"] });
}

/** What is asked for when it is changed at a scope. */
export function changeForm(setting: Setting, { level }: Scope): Form {
  const more = formOf({
    type: "object",
    properties: level === "platform" ? { isPinned, comment } : { comment },
  });
  return { ...valueForm(setting), fields: [...valueForm(setting).fields, ...more.fields] };
}
