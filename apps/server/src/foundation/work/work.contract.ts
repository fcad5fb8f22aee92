import { conflict, notFound } from "@zhanggui/kit/contract/faults";
import { field } from "@zhanggui/kit/contract/field";
import { Id } from "@zhanggui/kit/contract/ids";
import { list } from "@zhanggui/kit/contract/list";
import { authenticated, permission } from "@zhanggui/kit/contract/permission";
import { contract, route } from "@zhanggui/kit/contract/route";
import { Instant } from "@zhanggui/kit/contract/time";
import { z } from "zod";

export const workManage = permission(
  "work:manage",
  { zh: "查看并停止所有人的后台任务", en: "See and stop everybody's background actions" },
  ["operator", "developer"],
);

/** So many rows that failed are named; the others are counted. */
export const mostFailures = 100;
/** Of one account at once: each costs the others of the tenant their turns. */
export const mostUnfinished = 20;

const Text = z.object({ zh: z.string(), en: z.string() });
const count = z.int().nonnegative();

export const Run = z
  .object({
    id: Id,
    /** The bulk route that is being called, and the list whose rows it is done to. */
    route: z.string(),
    list: z.string(),
    action: field(Text, { zh: "操作", en: "Action" }),
    noun: Text.extend({ plural: z.string() }),
    state: field(
      z.enum(["waiting", "running", "paused", "done", "cancelled", "failed"]),
      { zh: "状态", en: "State" },
      {
        filter: true,
        choices: {
          waiting: { zh: "等待中", en: "Waiting", tone: "info" },
          running: { zh: "进行中", en: "Running", tone: "info" },
          paused: { zh: "已暂停", en: "Paused", tone: "warn" },
          done: { zh: "已完成", en: "Done", tone: "good" },
          cancelled: { zh: "已取消", en: "Cancelled", tone: "quiet" },
          failed: { zh: "已中断", en: "Stopped", tone: "bad" },
        },
      },
    ),
    done: field(count, { zh: "已完成", en: "Done" }, { kind: "count" }),
    /** How many it needn't or can't be done to, by the reason. */
    passed: z.array(z.object({ why: Text, count })),
    gone: count,
    failed: field(count, { zh: "失败", en: "Failed" }, { kind: "count" }),
    /** How many matched when it began, and whether there were more than were counted; null until it has begun. */
    expected: count.nullable(),
    isMore: z.boolean(),
    /** Why it stopped by itself. */
    why: field(Text.nullable(), { zh: "中断原因", en: "Why it stopped" }),
    accountName: field(z.string().nullable(), { zh: "发起人", en: "Started by" }, { readBy: workManage }),
    isOwn: field(
      z.boolean(),
      { zh: "我发起的", en: "Mine" },
      { filter: true, hidden: true, choices: { true: { zh: "是", en: "Yes" }, false: { zh: "否", en: "No" } } },
    ),
    createdAt: field(Instant, { zh: "发起于", en: "Started" }, { sort: "id", filter: "range" }),
    startedAt: Instant.nullable(),
    endedAt: field(Instant.nullable(), { zh: "结束于", en: "Ended" }),
  })
  .meta({ id: "Run" });

/** Besides, what only whoever began it may know: it may name customers. Empty for everybody else. */
export const RunDetail = Run.extend({
  failures: z.array(z.object({ id: Id, name: z.string(), why: Text })),
  query: z.record(z.string(), z.unknown()).nullable(),
  body: z.record(z.string(), z.unknown()).nullable(),
}).meta({ id: "RunDetail" });

const params = z.object({ runId: Id });
const change = { access: authenticated, effect: "change", params, reply: Run, faults: [notFound, conflict] } as const;

export const work = contract("work", {
  list: list("/runs", {
    item: Run,
    noun: { zh: "后台任务", en: "background action", plural: "background actions" },
    summary: "What the server goes on with for the caller, or for everybody to whom may see it",
    access: authenticated,
    sort: "-createdAt",
    live: true,
  }),
  get: route.get("/runs/:runId", {
    summary: "How far it is, and which rows failed",
    access: authenticated,
    params,
    reply: RunDetail,
    faults: [notFound],
  }),
  pause: route.post("/runs/:runId/pause", { summary: "Stop after the step under way, for a while", ...change }),
  resume: route.post("/runs/:runId/resume", { summary: "Go on with what was paused", ...change }),
  cancel: route.post("/runs/:runId/cancel", {
    summary: "Stop after the step under way, for good; what is done stays done",
    ...change,
  }),
});
