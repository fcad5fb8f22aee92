import { notFound } from "@zhanggui/kit/contract/faults";
import { Id } from "@zhanggui/kit/contract/ids";
import { PageQuery, pageOf } from "@zhanggui/kit/contract/page";
import { permission } from "@zhanggui/kit/contract/permission";
import { contract, route } from "@zhanggui/kit/contract/route";
import { Instant } from "@zhanggui/kit/contract/time";
import { z } from "zod";

export const eventsRead = permission("events:read", { zh: "查看事件日志", en: "See the event log" }, [
  "operator",
  "developer",
]);
export const eventsReplay = permission("events:replay", { zh: "重放死信", en: "Replay dead letters" }, ["developer"]);

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
    name: z.string(),
    occurredAt: Instant,
    traceId: z.string(),
    actor: z.object({ kind: z.string(), id: z.string() }),
    payload: z.unknown(),
    deliveries: z.array(Delivery),
  })
  .meta({ id: "LoggedEvent" });
export const DeadLetter = z
  .object({
    /** What was given up: an event for one of its handlers, a job, or a task about a module's own row. */
    kind: z.enum(["event", "job", "task"]),
    /** The id of the event, the job or the row. */
    ref: Id,
    /** The name of the event or the job; for a task the name of its queue. */
    name: z.string(),
    occurredAt: Instant,
    traceId: z.string(),
    ...Delivery.shape,
  })
  .meta({ id: "DeadLetter" });

export const events = contract("events", {
  list: route.get("/events", {
    summary: "The event log, newest first",
    access: eventsRead,
    query: PageQuery.extend({ name: z.string().max(100).optional(), traceId: z.string().max(64).optional() }),
    reply: pageOf(LoggedEvent),
  }),
  get: route.get("/events/:eventId", {
    summary: "One event and what became of it",
    access: eventsRead,
    params: z.object({ eventId: Id }),
    reply: LoggedEvent,
    faults: [notFound],
  }),
  deadLetters: route.get("/dead-letters", {
    summary: "Events that a handler gave up on, jobs and other tasks that failed for good, newest first",
    access: eventsRead,
    query: PageQuery,
    reply: pageOf(DeadLetter),
  }),
  replay: route.post("/dead-letters/replay", {
    summary: "Try dead letters again: those of one event, job or row, those of one handler, or all",
    access: eventsReplay,
    effect: "reach_people",
    body: z.object({ ref: Id.optional(), handler: z.string().max(100).optional() }),
    reply: z.object({ replayed: z.int() }),
  }),
});
