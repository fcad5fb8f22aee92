import { notFound } from "@zhanggui/kit/contract/faults";
import { field } from "@zhanggui/kit/contract/field";
import { Id } from "@zhanggui/kit/contract/ids";
import { list } from "@zhanggui/kit/contract/list";
import { permission } from "@zhanggui/kit/contract/permission";
import { contract, route } from "@zhanggui/kit/contract/route";
import { Instant } from "@zhanggui/kit/contract/time";
import { z } from "zod";

export const auditRead = permission("audit:read", { zh: "查看审计日志", en: "See the audit log" }, []);

const kinds = {
  created: { zh: "新建", en: "Added", tone: "good" },
  changed: { zh: "修改", en: "Changed", tone: "info" },
  removed: { zh: "删除", en: "Removed", tone: "warn" },
  called: { zh: "操作", en: "Did", tone: "quiet" },
  exported: { zh: "导出", en: "Exported", tone: "warn" },
  signed_in: { zh: "登录", en: "Signed in", tone: "quiet" },
} as const;
const outcomes = {
  done: { zh: "成功", en: "Done", tone: "good" },
  refused: {
    zh: "无权限",
    en: "Refused",
    tone: "warn",
    hint: { zh: "缺少所需权限", en: "The right to do it is missing" },
  },
  failed: { zh: "失败", en: "Failed", tone: "bad" },
} as const;

export const AuditEntry = z
  .object({
    id: Id,
    /** The route that was called, or the part of the server. */
    act: field(z.string(), { zh: "操作", en: "Act" }, { kind: "auditAct", filter: true }),
    /** The table of the thing; empty where the act is about none. */
    thingKind: field(z.string(), { zh: "对象类型", en: "Kind of thing" }, { kind: "auditThing", filter: true }),
    /** What the thing is called now. */
    title: field(z.string(), { zh: "对象", en: "Thing" }),
    kind: field(
      z.enum(["created", "changed", "removed", "called", "exported", "signed_in"]),
      { zh: "类型", en: "What" },
      { filter: true, choices: kinds, width: "112px" },
    ),
    /** An account or a key by its present name; the part of the server that worked by itself; empty for a visitor. */
    actorName: field(z.string(), { zh: "操作人", en: "By" }, { width: "16%" }),
    /** Who really did it, in the other's name; null else. */
    impersonatorName: field(z.string().nullable(), { zh: "实际操作人", en: "Really by" }, { hidden: true }),
    outcome: field(
      z.enum(["done", "refused", "failed"]),
      { zh: "结果", en: "Outcome" },
      { filter: true, choices: outcomes, width: "104px" },
    ),
    at: field(Instant, { zh: "时间", en: "At" }, { sort: "id", filter: "range", width: "160px" }),
    source: field(z.string(), { zh: "来源地址", en: "From" }, { hidden: true }),
    traceId: field(z.string(), { zh: "追踪号", en: "Trace id" }, { hidden: true }),
    thingId: z.string(),
    actorKind: z.string(),
    actorId: z.string(),
  })
  .meta({ id: "AuditEntry" });

/** A field that isn't what it was, in the words of its declaration. */
export const AuditChange = z
  .object({
    field: z.object({
      name: z.string(),
      label: z.object({ zh: z.string(), en: z.string() }),
      kind: z.string(),
      isNullable: z.boolean(),
      choices: z.record(z.string(), z.unknown()).optional(),
    }),
    /** Left out where there was nothing. */
    before: z.unknown().optional(),
    after: z.unknown().optional(),
    /** It changed, but what it is isn't kept. */
    isMasked: z.boolean(),
  })
  .meta({ id: "AuditChange" });
export const AuditDetail = z
  .object({
    ...AuditEntry.shape,
    /** What the changed row is called, where it is a part of the thing. */
    part: z.object({ zh: z.string(), en: z.string() }).nullable(),
    changes: z.array(AuditChange),
    /** What else is known of the act: how many rows it was about, which filters an export had. */
    details: z.record(z.string(), z.unknown()).nullable(),
  })
  .meta({ id: "AuditDetail" });

export const AuditFinding = z
  .object({
    what: z.enum(["entry_altered", "entry_removed", "entry_inserted", "seal_altered", "seal_removed", "chain_cut"]),
    /** The entry's id, or the seal's number. */
    which: z.string(),
    /** The seal that tells; 0 for an entry that is in none. */
    seal: z.int(),
  })
  .meta({ id: "AuditFinding" });
export const AuditChain = z
  .object({
    /** Null while nobody has looked yet. */
    verifiedAt: Instant.nullable(),
    seals: z.int(),
    entries: z.int(),
    /** Of the last seal, to be noted elsewhere. */
    lastNumber: z.int(),
    lastHash: z.string().nullable(),
    /** Entries that the next seal will hold. */
    unsealed: z.int(),
    findings: z.array(AuditFinding),
  })
  .meta({ id: "AuditChain" });

export const audit = contract("audit", {
  list: list("/audit/entries", {
    summary: "Who did what, on what, when and from where; newest first",
    item: AuditEntry,
    noun: { zh: "审计记录", en: "audit entry", plural: "audit entries" },
    access: auditRead,
    search: { zh: "对象名称", en: "What a thing was called" },
    filters: {
      actorId: field(z.string().max(100), { zh: "操作人", en: "By" }, { kind: "account" }),
      thingId: field(z.string().max(200), { zh: "对象编号", en: "Id of the thing" }, { seldom: true }),
      traceId: field(z.string().max(64), { zh: "追踪号", en: "Trace id" }, { seldom: true }),
    },
  }),
  get: route.get("/audit/entries/:entryId", {
    summary: "One entry, and what else belongs to the same trace: what changed from what to what, field by field",
    access: auditRead,
    params: z.object({ entryId: Id }),
    reply: z.object({
      entry: AuditDetail,
      /** The others of its trace, the oldest first; no more than two hundred. */
      related: z.array(AuditDetail),
    }),
    faults: [notFound],
  }),
  listThings: route.get("/audit/things", {
    summary: "What kinds of things the audit log follows, and the list that shows each",
    access: auditRead,
    reply: z.object({
      items: z.array(
        z.object({
          kind: z.string(),
          noun: z.object({ zh: z.string(), en: z.string() }),
          list: z.string().nullable(),
        }),
      ),
    }),
  }),
  getChain: route.get("/audit/chain", {
    summary: "What the last verification of the log's chain found",
    access: auditRead,
    reply: AuditChain,
  }),
  verify: route.post("/audit/chain/verify", {
    summary: "Verify the chain of the log now",
    access: auditRead,
    effect: "change",
    reply: AuditChain,
  }),
});
