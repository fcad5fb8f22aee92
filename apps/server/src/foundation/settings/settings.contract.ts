import { audits } from "@zhanggui/kit/contract/audited";
import { fault } from "@zhanggui/kit/contract/fault";
import { conflict, notFound } from "@zhanggui/kit/contract/faults";
import { field } from "@zhanggui/kit/contract/field";
import { anyOf, permission, platformPermission } from "@zhanggui/kit/contract/permission";
import { contract, route } from "@zhanggui/kit/contract/route";
import { settingLevels } from "@zhanggui/kit/contract/setting";
import { Instant } from "@zhanggui/kit/contract/time";
import { z } from "zod";
import { ownFactorFirst } from "../access/second-factor.contract.ts";

export const settingsRead = permission("settings:read", { zh: "查看设置", en: "See settings" }, [
  "operator",
  "developer",
]);
export const settingsWrite = permission("settings:write", { zh: "修改设置", en: "Change settings" }, [], {
  isWeighty: true,
});
export const settingsPlatform = platformPermission(
  "settings:platform",
  {
    zh: "查看和修改平台设置（对所有租户生效）",
    en: "See and change the platform's settings, which hold for all tenants",
  },
  [],
  { isWeighty: true },
);

export const unknownSetting = fault("settings.unknown", 404, {
  zh: "没有名为 {key} 的设置。",
  en: "There is no setting called {key}.",
});
export const unknownScope = fault("settings.unknown_scope", 404, {
  zh: "没有这个应用或门店，无法为它查看或修改设置。",
  en: "There is no such app or store to have settings of its own.",
});
export const badValue = fault("settings.bad_value", 422, {
  zh: "设置 {key} 不接受这个值：{reason}",
  en: "The setting {key} doesn't take this value: {reason}",
});
export const notAtLevel = fault("settings.not_at_level", 422, {
  zh: "设置 {key} 不能在这一级修改。",
  en: "The setting {key} can't be set at this level.",
});
export const pinned = fault("settings.pinned", 422, {
  zh: "设置 {key} 已由平台锁定，不能在这里修改。",
  en: "The platform has pinned the setting {key}: it can't be changed here.",
});
export const notGenerated = fault("settings.not_generated", 422, {
  zh: "设置 {key} 不能由系统生成。",
  en: "The setting {key} is nothing that the server can make.",
});

/** PostgreSQL's integer. */
const Version = z.int().min(0).max(2_147_483_647);
const Text = z.object({ zh: z.string(), en: z.string() });
const Level = z.enum(settingLevels);
const ScopeId = z.string().max(100);
/** Where: the tenant itself, unless it says otherwise. */
const scope = { level: Level.default("tenant"), scopeId: ScopeId.default("") };
const params = z.object({ key: z.string().max(100) });
/** Why somebody changes it, for whoever looks at its history. */
const comment = field(z.string().trim().max(200), { zh: "修改说明", en: "Why" }).default("");
/** What is changed, and on which version of that place the change is based: 0 for the first. */
const change = { ...scope, version: Version, comment };

/** A setting at one level: what is set there, or nothing. */
const Layer = z.object({
  level: Level,
  scopeId: z.string(),
  /** Null for a secret. */
  value: z.unknown(),
  isSet: z.boolean(),
  isPinned: z.boolean(),
  /** False for a value that the setting takes no longer: it counts as unset. */
  isValid: z.boolean(),
  /** 0 until it is first changed there. Send it back with a change, so that two people can't overwrite each other. */
  version: z.int(),
  /** Of the platform's, tenants aren't told who. */
  changedBy: z.string().nullable(),
  changedAt: Instant.nullable(),
  comment: z.string(),
});

export const SettingView = z
  .object({
    key: z.string(),
    zh: z.string(),
    en: z.string(),
    help: Text.nullable(),
    group: Text.nullable(),
    levels: z.array(Level),
    isSecret: z.boolean(),
    /** The server can make a value. */
    canGenerate: z.boolean(),
    /** No module declares it any more: nothing reads it. */
    isRetired: z.boolean(),
    /** What holds at the level that was asked for; null for a secret. */
    value: z.unknown(),
    isSet: z.boolean(),
    /** Where that is set. */
    from: z.enum([...settingLevels, "default"]),
    /** The platform has pinned it: what is set further down doesn't hold. */
    isPinned: z.boolean(),
    default: z.unknown(),
    /** That of the level that was asked for. */
    version: z.int(),
    schema: z.record(z.string(), z.unknown()).meta({ description: "JSON Schema of the value" }),
    /** Each level that it can be set at, down to the one that was asked for. */
    layers: z.array(Layer),
    /** Further down, where something else is set. */
    below: z.array(Layer),
  })
  .meta({ id: "Setting" });

const HistoryEntry = z.object({
  version: z.int(),
  value: z.unknown(),
  /** False where it was cleared, and inherited from then on. */
  isSet: z.boolean(),
  isPinned: z.boolean(),
  changedBy: z.string(),
  changedAt: Instant,
  comment: z.string(),
});

const RolledBack = z.object({
  key: z.string(),
  zh: z.string(),
  en: z.string(),
  level: Level,
  scopeId: z.string(),
  isSecret: z.boolean(),
  before: z.unknown(),
  isSetBefore: z.boolean(),
  after: z.unknown(),
  isSetAfter: z.boolean(),
  /** Why it stays as it is; null for what is rolled back. */
  stays: z.enum(["retired", "invalid", "pinned"]).nullable(),
});

const SettingFields = z.object({
  place: field(z.string(), { zh: "设置项", en: "Setting" }),
  value: field(z.unknown(), { zh: "值", en: "Value" }),
  valueSealed: field(z.unknown(), { zh: "密钥", en: "Secret" }),
  state: field(
    z.enum(["set", "cleared"]),
    { zh: "状态", en: "State" },
    { choices: { set: { zh: "已设置", en: "Set" }, cleared: { zh: "已清除，沿用上级", en: "Cleared: inherited" } } },
  ),
  isPinned: field(z.boolean(), { zh: "平台锁定", en: "Pinned by the platform" }),
  comment: field(z.string(), { zh: "修改说明", en: "Why" }),
});

const followed = audits("settings", {
  settings_value: {
    key: ["place"],
    title: "place",
    noun: { zh: "设置", en: "setting" },
    fields: SettingFields,
    version: "version",
    ignored: ["key", "scope_kind", "scope_id", "version", "changed_by", "changed_at"],
  },
});

const access = anyOf(settingsRead, settingsPlatform);
const writes = anyOf(settingsWrite, settingsPlatform);
const refusals = [unknownSetting, unknownScope, notAtLevel, pinned, conflict] as const;

export const settings = contract(followed, {
  list: route.get("/settings", {
    summary: "Every setting: what holds at a level, where that comes from, and what is set where",
    access,
    query: z.object(scope),
    reply: z.object({ items: z.array(SettingView) }),
    faults: [unknownScope],
  }),
  listScopes: route.get("/settings/scopes", {
    summary: "The apps and stores that can have settings of their own",
    access,
    query: z.object({ search: z.string().trim().max(60).default("") }),
    reply: z.object({ items: z.array(z.object({ level: Level, scopeId: z.string(), name: z.string() })) }),
  }),
  change: route.put("/settings/:key", {
    summary: "Change a setting at a level; it holds in every process within a second, without a restart",
    access: writes,
    effect: "change",
    params,
    body: z.object({
      value: z.unknown(),
      ...change,
      /** The platform's alone: whether it holds whatever tenants say. */
      isPinned: z.boolean().default(false),
    }),
    reply: SettingView,
    faults: [...refusals, badValue, ownFactorFirst],
  }),
  clear: route.post("/settings/:key/clear", {
    summary: "Take away what is set at a level: it inherits again",
    access: writes,
    effect: "change",
    params,
    body: z.object(change),
    reply: SettingView,
    faults: [unknownSetting, unknownScope, notAtLevel, conflict],
  }),
  generate: route.post("/settings/:key/generate", {
    summary: "Have the server make a secret, which this reply alone tells",
    access: writes,
    byThemselves: true,
    effect: "change",
    params,
    body: z.object(change),
    reply: z.object({ setting: SettingView, secret: z.string() }),
    faults: [...refusals, notGenerated],
  }),
  history: route.get("/settings/:key/history", {
    summary: "Who changed a setting at a level, when, to what and why; newest first",
    access,
    params,
    query: z.object(scope),
    reply: z.object({ items: z.array(HistoryEntry) }),
    faults: [unknownSetting, unknownScope],
  }),
  rollBack: route.post("/settings/:key/roll-back", {
    summary: "Put a setting back, at a level, to what it was in an earlier version; that is a new version",
    access: writes,
    effect: "change",
    params,
    body: z.object({ ...change, to: Version }),
    reply: SettingView,
    faults: [...refusals, badValue, notFound, ownFactorFirst],
  }),
  rollAllBack: route.post("/settings/roll-back", {
    summary: "Put all settings of the tenant, or of the platform, back to what they were at a moment; preview it first",
    access: writes,
    effect: "change",
    body: z.object({
      of: z.enum(["tenant", "platform"]).default("tenant"),
      at: field(Instant, { zh: "恢复到", en: "Back to" }),
      preview: z.boolean(),
      /** Of the preview: what was changed since refuses the call. */
      revision: z.int().min(0).optional(),
      comment,
    }),
    reply: z.object({ items: z.array(RolledBack), revision: z.int() }),
    faults: [conflict, ownFactorFirst],
  }),
});
