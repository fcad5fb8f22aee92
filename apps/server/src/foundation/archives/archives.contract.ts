import { fault } from "@zhanggui/kit/contract/fault";
import { conflict, notFound } from "@zhanggui/kit/contract/faults";
import { field } from "@zhanggui/kit/contract/field";
import { Id } from "@zhanggui/kit/contract/ids";
import { list } from "@zhanggui/kit/contract/list";
import { oneLine } from "@zhanggui/kit/contract/one-line";
import { authenticated } from "@zhanggui/kit/contract/permission";
import { contract, route } from "@zhanggui/kit/contract/route";
import { bilingual } from "@zhanggui/kit/contract/text";
import { Instant } from "@zhanggui/kit/contract/time";
import { z } from "zod";

/** Of one account at once: each costs the others of the tenant their turns. */
export const mostUnfinished = 5;
/** Of one account, until they are deleted or their days are over: each may be as large as `mostGigabytes`. */
export const mostKept = 20;
export const mostFiles = 500;
const mostGigabytes = 20;
export const mostBytes = mostGigabytes * 1024 ** 3;

export const archiveTooLarge = fault("archives.too_large", 422, {
  zh: "这些文件合计超过 {gigabytes} GB，请分几次打包。",
  en: "These files come to more than {gigabytes} GB: pack them in several zips.",
});
export const tooManyKept = fault("archives.too_many", 422, {
  zh: "您已有 {most} 个压缩包，请先删除不再需要的。",
  en: "You have {most} zips: delete those that you no longer need first.",
});
export const tooLargeDetails = { gigabytes: mostGigabytes };

const Text = z.object({ zh: z.string(), en: z.string() });
const count = z.int().nonnegative();

export const Archive = z
  .object({
    id: Id,
    name: field(z.string(), { zh: "名称", en: "Name" }, { width: "184px" }),
    state: field(
      z.enum(["waiting", "running", "paused", "done", "failed"]),
      { zh: "状态", en: "State" },
      {
        filter: true,
        choices: {
          waiting: { zh: "等待中", en: "Waiting", tone: "info" },
          running: { zh: "打包中", en: "Being packed", tone: "info" },
          paused: { zh: "已暂停", en: "Paused", tone: "warn" },
          done: { zh: "可下载", en: "Ready", tone: "good" },
          failed: { zh: "已中断", en: "Stopped", tone: "bad" },
        },
      },
    ),
    files: field(count, { zh: "文件数", en: "Files" }, { kind: "count", width: "96px" }),
    /** How many of them are packed. */
    packed: count,
    sizeBytes: field(count, { zh: "大小", en: "Size" }, { kind: "count" }),
    why: field(Text.nullable(), { zh: "中断原因", en: "Why it stopped" }, { hidden: true }),
    createdAt: field(Instant, { zh: "发起于", en: "Started" }, { sort: "id", filter: "range" }),
    expiresAt: field(Instant, { zh: "保留至", en: "Kept until" }),
  })
  .meta({ id: "Archive" });

const params = z.object({ archiveId: Id });
const change = {
  access: authenticated,
  whileReadOnly: true,
  effect: "change",
  params,
  reply: Archive,
  faults: [notFound, conflict],
} as const;

export const archives = contract("archives", {
  list: list("/archives", {
    item: Archive,
    noun: { zh: "压缩包", en: "zip", plural: "zips" },
    summary: "The caller's own zips: what is being packed, and what can be fetched",
    access: authenticated,
    sort: "-createdAt",
    live: true,
  }),
  create: route.post("/archives", {
    summary: "Have one's own files, or files of one's own exports, packed into one zip",
    access: authenticated,
    whileReadOnly: true,
    effect: "change",
    idempotent: true,
    body: z
      .object({
        name: oneLine(100),
        fileIds: z.array(Id).max(mostFiles).default([]),
        exportIds: z.array(Id).max(mostFiles).default([]),
      })
      .refine(({ fileIds, exportIds }) => fileIds.length + exportIds.length > 0, {
        path: ["fileIds"],
        error: bilingual({ zh: "请选择文件", en: "choose some files" }),
      }),
    reply: Archive,
    faults: [notFound, conflict, archiveTooLarge, tooManyKept],
  }),
  get: route.get("/archives/:archiveId", {
    summary: "How far it is",
    access: authenticated,
    params,
    reply: Archive,
    faults: [notFound],
  }),
  pause: route.post("/archives/:archiveId/pause", { summary: "Stop for a while; what is packed is kept", ...change }),
  resume: route.post("/archives/:archiveId/resume", { summary: "Go on where it was", ...change }),
  download: route.post("/archives/:archiveId/link", {
    summary: "Make an address that is good for one download, to whoever may still have all that is in it",
    ...change,
    reply: z.object({ url: z.string(), expiresAt: Instant }),
  }),
  delete: route.delete("/archives/:archiveId", {
    summary: "Call it off, or delete it; the files that it was made of stay",
    access: authenticated,
    whileReadOnly: true,
    effect: "destroy",
    params,
    reply: z.object({}),
    faults: [notFound],
  }),
});
