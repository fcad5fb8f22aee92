import { exportFormats } from "@zhanggui/kit/contract/export-format";
import { conflict, notFound } from "@zhanggui/kit/contract/faults";
import { fault } from "@zhanggui/kit/contract/fault";
import { field } from "@zhanggui/kit/contract/field";
import { Id } from "@zhanggui/kit/contract/ids";
import { list } from "@zhanggui/kit/contract/list";
import { authenticated } from "@zhanggui/kit/contract/permission";
import { contract, route } from "@zhanggui/kit/contract/route";
import { Instant, Zone } from "@zhanggui/kit/contract/time";
import { z } from "zod";

/** Of one account at once: each costs the others of the tenant their turns. */
export const mostUnfinished = 10;

export const noSuchList = fault("exports.no_such_list", 404, {
  zh: "没有这个列表，无法导出。",
  en: "There is no such list to export.",
});

const Text = z.object({ zh: z.string(), en: z.string() });
const count = z.int().nonnegative();

export const Export = z
  .object({
    id: Id,
    /** The list's route. */
    list: z.string(),
    what: field(Text, { zh: "内容", en: "Content" }, { width: "112px" }),
    format: field(
      z.enum(exportFormats),
      { zh: "格式", en: "Format" },
      {
        width: "104px",
        choices: {
          xlsx: { zh: "Excel", en: "Excel" },
          csv: { zh: "CSV", en: "CSV" },
          "csv-gbk": { zh: "CSV（GBK）", en: "CSV (GBK)" },
        },
      },
    ),
    state: field(
      z.enum(["waiting", "running", "paused", "done", "failed"]),
      { zh: "状态", en: "State" },
      {
        filter: true,
        choices: {
          waiting: { zh: "等待中", en: "Waiting", tone: "info" },
          running: { zh: "生成中", en: "Being made", tone: "info" },
          paused: { zh: "已暂停", en: "Paused", tone: "warn" },
          done: { zh: "可下载", en: "Ready", tone: "good" },
          failed: { zh: "已中断", en: "Stopped", tone: "bad" },
        },
      },
    ),
    rows: field(count, { zh: "行数", en: "Rows" }, { kind: "count", width: "112px" }),
    /** How many rows matched when it began, counted up to `countLimit`; null until then. */
    expected: count.nullable(),
    /** Of what is made so far, and in the end of the file. */
    sizeBytes: field(count, { zh: "大小", en: "Size" }, { kind: "count" }),
    why: field(Text.nullable(), { zh: "中断原因", en: "Why it stopped" }, { hidden: true }),
    columns: z.array(z.string()),
    createdAt: field(Instant, { zh: "发起于", en: "Started" }, { sort: "id", filter: "range" }),
    endedAt: field(Instant.nullable(), { zh: "完成于", en: "Made" }, { hidden: true }),
    expiresAt: field(Instant.nullable(), { zh: "保留至", en: "Kept until" }),
  })
  .meta({ id: "Export" });

const params = z.object({ exportId: Id });
const change = {
  access: authenticated,
  whileReadOnly: true,
  effect: "change",
  params,
  reply: Export,
  faults: [notFound, conflict],
} as const;
const Fields = z.record(z.string(), z.unknown());

export const exports = contract("exports", {
  list: list("/exports", {
    item: Export,
    noun: { zh: "导出", en: "export", plural: "exports" },
    summary: "The caller's own exports: what is being made, and what can be fetched",
    access: authenticated,
    sort: "-createdAt",
    live: true,
  }),
  create: route.post("/exports", {
    summary: "Have a list made into a file; the same one of today is given again unless `anew` is said",
    access: authenticated,
    whileReadOnly: true,
    effect: "change",
    idempotent: true,
    body: z.object({
      /** The id of the list's route: `audience.listPeople`. */
      list: z.string().max(100),
      params: Fields.default({}),
      query: Fields.default({}),
      columns: z.array(z.string()).max(200).optional(),
      format: z.enum(exportFormats).default("xlsx"),
      language: z.enum(["zh", "en"]).default("zh"),
      zone: Zone.optional(),
      anew: z.boolean().default(false),
    }),
    reply: Export.extend({ isReused: z.boolean() }),
    faults: [noSuchList],
  }),
  get: route.get("/exports/:exportId", {
    summary: "How far it is",
    access: authenticated,
    params,
    reply: Export,
    faults: [notFound],
  }),
  pause: route.post("/exports/:exportId/pause", { summary: "Stop for a while; what is made is kept", ...change }),
  resume: route.post("/exports/:exportId/resume", { summary: "Go on where it was", ...change }),
  download: route.post("/exports/:exportId/link", {
    summary: "Make an address that is good for one download of the file, to whoever may still see what is in it",
    ...change,
    reply: z.object({ url: z.string(), expiresAt: Instant }),
  }),
  delete: route.delete("/exports/:exportId", {
    summary: "Call it off, or delete its file: neither row nor bytes are left",
    access: authenticated,
    whileReadOnly: true,
    effect: "destroy",
    params,
    reply: z.object({}),
    faults: [notFound],
  }),
});
