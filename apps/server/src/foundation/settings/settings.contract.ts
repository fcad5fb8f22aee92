import { fault } from "@zhanggui/kit/contract/fault";
import { conflict } from "@zhanggui/kit/contract/faults";
import { field } from "@zhanggui/kit/contract/field";
import { permission } from "@zhanggui/kit/contract/permission";
import { audits } from "@zhanggui/kit/contract/audited";
import { contract, route } from "@zhanggui/kit/contract/route";
import { Instant } from "@zhanggui/kit/contract/time";
import { z } from "zod";

export const settingsRead = permission("settings:read", { zh: "查看设置", en: "See settings" }, [
  "operator",
  "developer",
]);
export const settingsWrite = permission("settings:write", { zh: "修改设置", en: "Change settings" }, []);

export const unknownSetting = fault("settings.unknown", 404, {
  zh: "没有名为 {key} 的设置。",
  en: "There is no setting called {key}.",
});
export const badValue = fault("settings.bad_value", 422, {
  zh: "设置 {key} 不接受这个值：{reason}",
  en: "The setting {key} doesn't take this value: {reason}",
});

/** PostgreSQL's integer. */
const Version = z.int().min(0).max(2_147_483_647);

export const SettingView = z
  .object({
    key: z.string(),
    zh: z.string(),
    en: z.string(),
    value: z.unknown(),
    default: z.unknown(),
    /** 0 until it is first changed. Send it back with a change, so that two people can't overwrite each other. */
    version: z.int(),
    schema: z.record(z.string(), z.unknown()).meta({ description: "JSON Schema of the value" }),
  })
  .meta({ id: "Setting" });

const SettingFields = z.object({
  key: field(z.string(), { zh: "设置项", en: "Setting" }),
  value: field(z.unknown(), { zh: "值", en: "Value" }),
});

const followed = audits("settings", {
  settings_value: {
    key: ["key"],
    title: "key",
    noun: { zh: "设置", en: "setting" },
    fields: SettingFields,
    version: "version",
    ignored: ["version", "changed_by", "changed_at"],
  },
});

export const settings = contract(followed, {
  list: route.get("/settings", {
    summary: "Every setting with its value",
    access: settingsRead,
    reply: z.object({ items: z.array(SettingView) }),
  }),
  change: route.put("/settings/:key", {
    summary: "Change a setting; it holds from the next use, without a restart",
    access: settingsWrite,
    effect: "change",
    params: z.object({ key: z.string().max(100) }),
    body: z.object({ value: z.unknown(), version: Version }),
    reply: SettingView,
    faults: [unknownSetting, badValue, conflict],
  }),
  history: route.get("/settings/:key/history", {
    summary: "Who changed a setting, when and to what; newest first",
    access: settingsRead,
    params: z.object({ key: z.string().max(100) }),
    reply: z.object({
      items: z.array(z.object({ version: z.int(), value: z.unknown(), changedBy: z.string(), changedAt: Instant })),
    }),
    faults: [unknownSetting],
  }),
});
