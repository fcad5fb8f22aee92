import { audits } from "@zhanggui/kit/contract/audited";
import { fault } from "@zhanggui/kit/contract/fault";
import { notFound } from "@zhanggui/kit/contract/faults";
import { field } from "@zhanggui/kit/contract/field";
import { Id } from "@zhanggui/kit/contract/ids";
import { list } from "@zhanggui/kit/contract/list";
import { Network } from "@zhanggui/kit/contract/network";
import { oneLine } from "@zhanggui/kit/contract/one-line";
import { permission } from "@zhanggui/kit/contract/permission";
import { contract, effects, route } from "@zhanggui/kit/contract/route";
import { Instant } from "@zhanggui/kit/contract/time";
import { z } from "zod";
import { beyondOwnRights, unknownPermission } from "../access/roles.contract.ts";

export const keysRead = permission("keys:read", { zh: "查看 API 密钥", en: "See API keys" }, ["developer"]);
export const keysWrite = permission("keys:write", { zh: "管理 API 密钥", en: "Manage API keys" }, ["developer"], {
  isWeighty: true,
});

export const nameTaken = fault("keys.name_taken", 409, {
  zh: "已有名为“{name}”的密钥。",
  en: "There is a key called “{name}” already.",
});
export const expiryPast = fault("keys.expiry_past", 422, {
  zh: "失效时间要在现在之后。",
  en: "It has to expire later than now.",
});

/** What a route does to the world, as people choose it for a key. */
const effectWords = {
  read: { zh: "查询", en: "Read" },
  change: { zh: "修改数据", en: "Change data" },
  reach_people: { zh: "发消息给人", en: "Send to people" },
  spend: { zh: "花钱", en: "Spend money" },
  destroy: { zh: "删除", en: "Delete" },
} as const;

const states = {
  active: { zh: "有效", en: "Active", tone: "good" },
  disabled: { zh: "已停用", en: "Disabled", tone: "quiet" },
  expired: { zh: "已过期", en: "Expired", tone: "warn" },
} as const;

export const ApiKey = z
  .object({
    id: Id,
    name: field(
      oneLine(60),
      { zh: "名称", en: "Name" },
      { width: "140px", hint: { zh: "哪个程序使用它。", en: "Which program it is for." } },
    ),
    /** `zg_…` and how its secret ends. */
    hint: field(z.string(), { zh: "密钥", en: "Key" }, { width: "104px" }),
    state: field(
      z.enum(["active", "disabled", "expired"]),
      { zh: "状态", en: "State" },
      { filter: true, unindexed: true, width: "104px", choices: states },
    ),
    permissions: field(
      z.array(z.string().max(60)).min(1).max(200),
      { zh: "权限", en: "Permissions" },
      { kind: "rights", input: "rights", width: "112px" },
    ),
    effects: field(
      z.array(z.enum(effects)).min(1),
      { zh: "作用", en: "Effects" },
      {
        choices: effectWords,
        hidden: true,
        hint: {
          zh: "权限之外的另一道限制：只勾“查询”的密钥改不了任何东西。",
          en: "A second limit beside its permissions: one that may only read changes nothing.",
        },
      },
    ),
    networks: field(
      z.array(Network).max(50),
      { zh: "允许的地址", en: "Addresses" },
      {
        hidden: true,
        hint: {
          zh: "IP 或网段，如 203.0.113.7 或 10.0.0.0/8；留空则不限。",
          en: "Such as 203.0.113.7 or 10.0.0.0/8. Empty: any.",
        },
      },
    ),
    perMinute: field(z.int().min(1).max(60_000), { zh: "每分钟上限", en: "Calls a minute" }, { hidden: true }),
    perDay: field(
      z.int().min(1).max(100_000_000).nullable(),
      { zh: "每天上限", en: "Calls a day" },
      { hidden: true, hint: { zh: "留空则不限。", en: "Empty: as many as it likes." } },
    ),
    callsToday: field(z.int(), { zh: "今日调用", en: "Calls today" }, { kind: "count" }),
    lastUsedAt: field(Instant.nullable(), { zh: "最近使用", en: "Last used" }, { width: "128px" }),
    expiresAt: field(Instant.nullable(), { zh: "失效时间", en: "Expires" }),
    /** The secret before the last change opens until then. */
    formerUntil: field(Instant.nullable(), { zh: "旧密钥失效", en: "Former key until" }, { hidden: true }),
    createdByName: field(z.string(), { zh: "创建人", en: "Created by" }, { hidden: true }),
    createdAt: field(Instant, { zh: "创建时间", en: "Created" }, { sort: "id", hidden: true }),
  })
  .meta({ id: "ApiKey" });

/** Told once: nobody can look it up afterwards. */
const Token = z.string().meta({ description: "`zg_…`, for the header `Authorization: Bearer …`" });
const Given = ApiKey.pick({
  name: true,
  permissions: true,
  effects: true,
  networks: true,
  perMinute: true,
  perDay: true,
  expiresAt: true,
});
const params = z.object({ keyId: Id });
const KeyColumns = z.object({
  secretHash: field(z.string(), { zh: "密钥内容", en: "Secret" }),
  formerHash: field(z.string(), { zh: "旧密钥内容", en: "Former secret" }),
  disabled: field(z.boolean(), { zh: "停用", en: "Switched off" }),
});

const followed = audits("keys", {
  keys_key: { list: "list", title: "name", ignored: ["created_by", "created_at"], fields: KeyColumns },
});

export const keys = contract(followed, {
  list: list("/keys", {
    item: ApiKey,
    noun: { zh: "API 密钥", en: "API key", plural: "API keys" },
    access: keysRead,
    sort: "-createdAt",
    search: { zh: "名称的一部分", en: "Part of the name" },
  }),
  create: route.post("/keys", {
    summary: "Make a key for a program: what it may do, from where, how often, until when. Its token is told once",
    access: keysWrite,
    byThemselves: true,
    effect: "change",
    body: Given.partial({ effects: true, networks: true, perMinute: true, perDay: true, expiresAt: true }),
    reply: ApiKey.extend({ token: Token }),
    faults: [nameTaken, unknownPermission, beyondOwnRights, expiryPast],
  }),
  update: route.patch("/keys/:keyId", {
    summary: "Change what a key may do, or switch it off; it holds from the key's next call",
    access: keysWrite,
    byThemselves: true,
    effect: "change",
    params,
    body: Given.partial().extend({ disabled: z.boolean().optional() }),
    reply: ApiKey,
    faults: [notFound, nameTaken, unknownPermission, beyondOwnRights, expiryPast],
  }),
  rotate: route.post("/keys/:keyId/rotate", {
    summary: "Give a key a new token; the former one goes on opening for some hours, or ends at once",
    access: keysWrite,
    byThemselves: true,
    effect: "change",
    params,
    body: z.object({
      formerHours: field(
        z.int().min(0).max(720).default(24),
        { zh: "旧密钥继续有效（小时）", en: "The former key still works for (hours)" },
        {
          hint: {
            zh: "让正在运行的程序有时间换上新密钥；泄露时请填 0。",
            en: "Time for running programs to change over. 0 if it has leaked.",
          },
        },
      ),
    }),
    reply: ApiKey.extend({ token: Token }),
    faults: [notFound, beyondOwnRights],
  }),
  delete: route.delete("/keys/:keyId", {
    summary: "Delete a key, and the count of its calls",
    access: keysWrite,
    byThemselves: true,
    whileReadOnly: true,
    effect: "destroy",
    params,
    reply: z.object({}),
    faults: [notFound, beyondOwnRights],
  }),
  use: route.get("/keys/:keyId/use", {
    summary: "How often a key was used, on each of the last days that it was",
    access: keysRead,
    params,
    query: z.object({ days: z.coerce.number().int().min(1).max(366).default(30) }),
    reply: z.object({ days: z.array(z.object({ day: z.iso.date(), calls: z.int() })) }),
    faults: [notFound],
  }),
});
