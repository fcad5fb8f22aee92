import { bulk } from "@zhanggui/kit/contract/bulk";
import { notFound } from "@zhanggui/kit/contract/faults";
import { field } from "@zhanggui/kit/contract/field";
import { Id } from "@zhanggui/kit/contract/ids";
import { list } from "@zhanggui/kit/contract/list";
import { permission } from "@zhanggui/kit/contract/permission";
import { contract, route } from "@zhanggui/kit/contract/route";
import { Instant } from "@zhanggui/kit/contract/time";
import { z } from "zod";

export const eventsRead = permission("events:read", { zh: "查看事件日志", en: "See the event log" }, [
  "operator",
  "developer",
]);
export const eventsReplay = permission("events:replay", { zh: "重试失败的任务", en: "Retry failed tasks" }, [
  "developer",
]);

export const Delivery = z.object({
  handler: z.string(),
  /** `dead`: given up after many tries, waits for somebody to look and replay. */
  state: z.enum(["pending", "done", "dead"]),
  attempts: z.int(),
  lastError: z.string().nullable(),
  updatedAt: Instant,
});
export const LoggedEvent = z
  .object({
    id: Id,
    occurredAt: field(Instant, { zh: "时间", en: "At" }, { sort: "id", filter: "range" }),
    name: field(z.string(), { zh: "事件", en: "Event" }, { kind: "event", filter: true }),
    actor: field(z.object({ kind: z.string(), id: z.string() }), { zh: "发起者", en: "By" }),
    deliveries: field(z.array(Delivery), { zh: "处理情况", en: "Handled" }),
    traceId: z.string(),
    payload: z.unknown(),
  })
  .meta({ id: "LoggedEvent" });
export const DeadLetter = z
  .object({
    /** Of the letter: an event may be one for several handlers. */
    id: Id,
    /** The name of the event or the job; for a task the name of its queue. */
    name: field(z.string(), { zh: "任务", en: "What" }, { width: "17%" }),
    /** What was given up: an event for one of its handlers, a job, or a task about a module's own row. */
    kind: field(
      z.enum(["event", "job", "task"]),
      { zh: "类型", en: "Kind" },
      {
        filter: true,
        unindexed: true,
        width: "96px",
        choices: {
          event: { zh: "事件", en: "Event" },
          job: { zh: "作业", en: "Job" },
          task: { zh: "队列任务", en: "Task" },
        },
      },
    ),
    handler: field(z.string(), { zh: "处理步骤", en: "Work" }, { kind: "handler", filter: true, width: "15%" }),
    lastError: field(z.string().nullable(), { zh: "原因", en: "Why" }, { narrow: true }),
    attempts: field(z.int(), { zh: "尝试", en: "Tries" }, { kind: "count", width: "64px" }),
    /** When it was given up. */
    updatedAt: field(Instant, { zh: "失败于", en: "Failed at" }, { sort: true, filter: "range" }),
    occurredAt: field(Instant, { zh: "发生于", en: "Happened at" }, { hidden: true }),
    /** The id of the event, the job or the row. */
    ref: Id,
    traceId: z.string(),
  })
  .meta({ id: "DeadLetter" });

const deadLetters = list("/dead-letters", {
  summary: "Events that a handler gave up on, jobs and other tasks that failed for good, newest first",
  item: DeadLetter,
  noun: { zh: "失败任务", en: "failed task", plural: "failed tasks" },
  access: eventsRead,
  sort: "-updatedAt",
});

export const events = contract("events", {
  list: list("/events", {
    summary: "The event log",
    item: LoggedEvent,
    noun: { zh: "事件", en: "event", plural: "events" },
    access: eventsRead,
    live: "kit_event",
    filters: { traceId: field(z.string().max(64), { zh: "追踪号", en: "Trace id" }) },
  }),
  get: route.get("/events/:eventId", {
    summary: "One event and what became of it",
    access: eventsRead,
    params: z.object({ eventId: Id }),
    reply: LoggedEvent,
    faults: [notFound],
  }),
  deadLetters,
  getFigures: route.get("/dead-letters/figures", {
    summary: "How many dead letters there are, and which handlers gave them up",
    access: eventsRead,
    reply: z.object({
      deadLetters: z.int(),
      /** There are more than were counted. */
      isMore: z.boolean(),
      /** Each handler that has some, and how many, counted as far. */
      handlers: z.array(z.object({ handler: z.string(), count: z.int(), isMore: z.boolean() })),
    }),
  }),
  replay: route.post("/dead-letters/replay", {
    summary: "Try dead letters again: those of one event, job or row, those of one handler, or all",
    access: eventsReplay,
    effect: "reach_people",
    body: z.object({
      ref: Id.optional(),
      handler: z.string().max(100).optional(),
    }),
    reply: z.object({ replayed: z.int() }),
  }),
  replaySome: bulk("/dead-letters/replay/some", {
    list: deadLetters,
    label: { zh: "重试", en: "Try again" },
    summary: "Try several dead letters again",
    access: eventsReplay,
    effect: "reach_people",
    passes: { gone: { zh: "已不在失败列表中", en: "are no longer among the failed" } },
  }),
});
