import { byteStream } from "@zhanggui/kit/contract/body";
import { exportFormats } from "@zhanggui/kit/contract/export-format";
import { fault } from "@zhanggui/kit/contract/fault";
import { conflict, notFound } from "@zhanggui/kit/contract/faults";
import { field } from "@zhanggui/kit/contract/field";
import { Id } from "@zhanggui/kit/contract/ids";
import { existingWays } from "@zhanggui/kit/contract/importing";
import { list } from "@zhanggui/kit/contract/list";
import { authenticated, permission } from "@zhanggui/kit/contract/permission";
import { contract, route } from "@zhanggui/kit/contract/route";
import { Instant, Zone } from "@zhanggui/kit/contract/time";
import { z } from "zod";

export const importsManage = permission(
  "imports:manage",
  { zh: "查看并停止所有人的导入", en: "See and stop everybody's imports" },
  ["operator", "developer"],
);

/** Of one account at once: each costs the others of the tenant their turns. */
export const mostUnfinished = 10;
/** So many rows that failed are shown; the file of errors has all of them. */
export const mostFailures = 100;

export const noSuchTarget = fault("imports.no_such_target", 404, {
  zh: "不能导入到这里。",
  en: "Nothing can be imported there.",
});
export const notATable = fault("imports.not_a_table", 415, {
  zh: "只能导入 Excel 工作簿（.xlsx）和 CSV 文件。",
  en: "Only Excel workbooks (.xlsx) and CSV files can be imported.",
});
export const fileTooLong = fault("imports.file_too_large", 413, {
  zh: "文件过大，上限为 {megabytes} MB。请分成几个文件，或请管理员调高设置 imports.maxMegabytes。",
  en: "The file is too large: {megabytes} MB are allowed. Divide it, or have imports.maxMegabytes raised.",
});
export const badMapping = fault("imports.bad_mapping", 422, {
  zh: "列的对应关系有误：{explanationZh}。",
  en: "The columns don't fit: {explanationEn}.",
});

const Text = z.object({ zh: z.string(), en: z.string() });
const count = z.int().nonnegative();
const Counts = z.object({ created: count, updated: count, skipped: count, failed: count });

export const Import = z
  .object({
    id: Id,
    /** The route that takes the rows, and the list that they become rows of. */
    target: z.string(),
    list: z.string(),
    noun: field(Text.extend({ plural: z.string() }), { zh: "导入到", en: "Into" }, { width: "104px" }),
    fileName: field(z.string(), { zh: "文件", en: "File" }, { width: "184px" }),
    sizeBytes: count,
    phase: z.enum(["reading", "checking", "importing"]),
    state: field(
      z.enum(["waiting", "running", "paused", "ready", "done", "cancelled", "failed"]),
      { zh: "状态", en: "State" },
      {
        filter: true,
        width: "152px",
        choices: {
          waiting: { zh: "等待中", en: "Waiting", tone: "info" },
          running: { zh: "进行中", en: "Running", tone: "info" },
          paused: { zh: "已暂停", en: "Paused", tone: "warn" },
          ready: { zh: "待确认", en: "Waits for you", tone: "warn" },
          done: { zh: "已完成", en: "Done", tone: "good" },
          cancelled: { zh: "已取消", en: "Cancelled", tone: "quiet" },
          failed: { zh: "已中断", en: "Stopped", tone: "bad" },
        },
      },
    ),
    /** How many the file has; null until it is read. */
    rows: field(count.nullable(), { zh: "行数", en: "Rows" }, { kind: "count", width: "84px" }),
    done: count,
    created: field(count, { zh: "新增", en: "Added" }, { kind: "count", width: "84px" }),
    updated: field(count, { zh: "更新", en: "Updated" }, { kind: "count", width: "84px" }),
    skipped: field(count, { zh: "跳过", en: "Skipped" }, { kind: "count", hidden: true }),
    failed: field(count, { zh: "失败", en: "Failed" }, { kind: "count", width: "84px" }),
    /** What a check with this mapping found; null where there was none. */
    checked: Counts.nullable(),
    existing: z.enum(existingWays),
    why: field(Text.nullable(), { zh: "中断原因", en: "Why it stopped" }, { hidden: true }),
    accountName: field(
      z.string().nullable(),
      { zh: "发起人", en: "Started by" },
      { readBy: importsManage, hidden: true },
    ),
    isOwn: field(
      z.boolean(),
      { zh: "我发起的", en: "Mine" },
      { filter: true, hidden: true, choices: { true: { zh: "是", en: "Yes" }, false: { zh: "否", en: "No" } } },
    ),
    createdAt: field(Instant, { zh: "发起于", en: "Started" }, { sort: "id", filter: "range" }),
    endedAt: field(Instant.nullable(), { zh: "结束于", en: "Ended" }, { hidden: true }),
    expiresAt: field(Instant, { zh: "保留至", en: "Kept until" }, { hidden: true }),
  })
  .meta({ id: "Import" });

export const RowProblem = z.object({
  row: z.int(),
  /** The file's column, the first being 0; null for what is about the whole row. */
  errors: z.array(z.object({ column: z.int().nullable(), text: Text })),
});

/** Besides, what only whoever began it may know: it may name customers. Empty for everybody else. */
export const ImportDetail = Import.extend({
  heads: z.array(z.string()),
  /** The field of each of the file's columns. */
  mapping: z.array(z.string().nullable()),
  /** The first rows, as they were read. */
  sample: z.array(z.object({ row: z.int(), cells: z.array(z.string()) })),
  failures: z.array(RowProblem),
  /** The same file was imported before: when, and by whom. */
  before: z.object({ at: Instant, name: z.string() }).nullable(),
}).meta({ id: "ImportDetail" });

export const ImportTarget = z
  .object({
    id: z.string(),
    list: z.string(),
    noun: Text.extend({ plural: z.string() }),
    columns: z.array(
      z.object({
        name: z.string(),
        label: Text,
        kind: z.string(),
        isRequired: z.boolean(),
        isList: z.boolean(),
        choices: z.array(Text),
        hint: Text.nullable(),
      }),
    ),
    /** What can be done about rows that are there already; none where nothing tells them. */
    existing: z.array(z.enum(existingWays)),
    knownBy: z.array(z.string()),
  })
  .meta({ id: "ImportTarget" });

const params = z.object({ importId: Id });
const change = {
  access: authenticated,
  effect: "change",
  params,
  reply: Import,
  faults: [notFound, conflict],
} as const;
const Mapping = z.array(z.string().max(100).nullable()).max(500);

export const imports = contract("imports", {
  listTargets: route.get("/import-targets", {
    summary: "Where the caller may import files, and which columns those may have",
    access: authenticated,
    reply: z.object({ items: z.array(ImportTarget) }),
  }),
  template: route.get("/import-targets/:target/template", {
    summary: "A file with the heads that a target knows and a row that shows what they are about",
    access: authenticated,
    params: z.object({ target: z.string().max(100) }),
    query: z.object({ format: z.enum(exportFormats).default("xlsx"), language: z.enum(["zh", "en"]).default("zh") }),
    reply: byteStream,
    faults: [noSuchTarget],
  }),
  list: list("/imports", {
    item: Import,
    noun: { zh: "导入", en: "import", plural: "imports" },
    summary: "The caller's imports, or everybody's for whoever may see them",
    access: authenticated,
    sort: "-createdAt",
    live: "imports_import",
  }),
  create: route.post("/imports", {
    summary: "Have an uploaded file read; nothing is imported before it is checked and said to run",
    access: authenticated,
    effect: "change",
    idempotent: true,
    body: z.object({
      /** The id of the route that takes the rows: `links.create`. */
      target: z.string().max(100),
      fileId: Id,
      language: z.enum(["zh", "en"]).default("zh"),
      zone: Zone.optional(),
    }),
    reply: Import,
    faults: [noSuchTarget, notFound, notATable, fileTooLong],
  }),
  get: route.get("/imports/:importId", {
    summary: "How far it is, how the file begins, and which rows failed",
    access: authenticated,
    params,
    reply: ImportDetail,
    faults: [notFound],
  }),
  preview: route.post("/imports/:importId/preview", {
    summary: "What is wrong with the first rows, if the file's columns are these fields",
    access: authenticated,
    effect: "read",
    params,
    body: z.object({ mapping: Mapping }),
    reply: z.object({ items: z.array(RowProblem) }),
    faults: [notFound, conflict, badMapping],
  }),
  check: route.post("/imports/:importId/check", {
    summary: "Go through the whole file as an import would, and write nothing",
    ...change,
    body: z.object({ mapping: Mapping, existing: z.enum(existingWays).default("skip") }),
    faults: [notFound, conflict, badMapping],
  }),
  run: route.post("/imports/:importId/run", {
    summary: "Import what was checked, row by row",
    ...change,
    faults: [notFound, conflict, badMapping],
  }),
  pause: route.post("/imports/:importId/pause", { summary: "Stop after the batch under way, for a while", ...change }),
  resume: route.post("/imports/:importId/resume", {
    summary: "Go on with what was paused, or with the rest of what failed",
    ...change,
  }),
  cancel: route.post("/imports/:importId/cancel", {
    summary: "Stop after the batch under way, for good; what is imported stays",
    ...change,
  }),
  errors: route.post("/imports/:importId/errors", {
    summary: "Make an address for one download of the rows that failed, as they were, with the reason of each",
    ...change,
    whileReadOnly: true,
    reply: z.object({ url: z.string(), expiresAt: Instant }),
    timeLimitMs: 600_000,
  }),
  delete: route.delete("/imports/:importId", {
    summary: "Forget an import that isn't under way: its file goes, what was imported stays",
    access: authenticated,
    effect: "destroy",
    params,
    reply: z.object({}),
    faults: [notFound, conflict],
  }),
});
