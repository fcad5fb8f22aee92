import { conflict, notFound } from "@zhanggui/kit/contract/faults";
import { field } from "@zhanggui/kit/contract/field";
import { Id } from "@zhanggui/kit/contract/ids";
import { list } from "@zhanggui/kit/contract/list";
import { operationsManage } from "@zhanggui/kit/contract/maintenance";
import { platformPermission, publicAccess } from "@zhanggui/kit/contract/permission";
import { contract, route } from "@zhanggui/kit/contract/route";
import { Instant } from "@zhanggui/kit/contract/time";
import { z } from "zod";

export const operationsRead = platformPermission(
  "operations:read",
  { zh: "查看系统运行状况", en: "See how the server runs" },
  ["developer"],
);

const states = {
  new: { zh: "尚未运行", en: "Not run yet", tone: "quiet" },
  well: { zh: "正常", en: "Well", tone: "good" },
  running: { zh: "运行中", en: "Running", tone: "info" },
  failed: { zh: "失败", en: "Failed", tone: "bad" },
  paused: { zh: "已暂停", en: "Paused", tone: "warn" },
} as const;

export const ScheduleView = z
  .object({
    id: Id,
    name: field(
      z.string(),
      { zh: "定时任务", en: "Schedule" },
      { kind: "work", sort: true, unindexed: true, width: "26%" },
    ),
    state: field(
      z.enum(["new", "well", "running", "failed", "paused"]),
      { zh: "状态", en: "State" },
      { choices: states, filter: true, unindexed: true, width: "128px", narrow: true },
    ),
    /** Five fields: minute, hour, day, month, weekday; by the clock of `timeZone`. */
    cron: field(z.string(), { zh: "时间规则", en: "Times" }, { width: "112px" }),
    timeZone: field(z.string(), { zh: "时区", en: "Zone" }, { width: "80px", hidden: true }),
    lastAt: field(Instant.nullable(), { zh: "上次运行", en: "Last run" }, { width: "112px" }),
    tookMs: field(z.int().nullable(), { zh: "耗时（毫秒）", en: "Took (ms)" }, { kind: "count", width: "96px" }),
    /** Null while it runs, is about to, or is paused. */
    nextAt: field(Instant.nullable(), { zh: "下次运行", en: "Next run" }, { width: "112px" }),
    /** Why the last run failed; null if it didn't. */
    lastError: field(z.string().nullable(), { zh: "失败原因", en: "Why it failed" }),
  })
  .meta({ id: "Schedule" });

const scheduleParams = z.object({ scheduleId: Id });

export const MaintenanceView = z
  .object({
    isOn: z.boolean(),
    since: Instant.nullable(),
    messageZh: z.string(),
    messageEn: z.string(),
    endsAt: Instant.nullable(),
  })
  .meta({ id: "Maintenance" });

/** One thing outside of this server that it needs. */
export const DependencyView = z
  .object({
    /** `<module>.<what>`; `operations.database` is the database. */
    name: z.string(),
    state: z.enum(["well", "unwell", "absent"]),
    /** Where it is. */
    place: z.string().nullable(),
    /** What is wrong, as it said itself. */
    trouble: z.string().nullable(),
    tookMs: z.int(),
  })
  .meta({ id: "Dependency" });

export const Overview = z
  .object({
    versions: z.object({
      product: z.string(),
      node: z.string(),
      postgres: z.string(),
      migrations: z.int(),
      lastMigration: z.string(),
    }),
    connections: z.object({ used: z.int(), most: z.int() }),
    databaseBytes: z.number(),
    /** What waits or runs, of all tenants; the oldest first. */
    queues: z.array(
      z.object({
        name: z.string(),
        waiting: z.int(),
        dueLater: z.int(),
        /** Of what waits and may run now. */
        oldestSeconds: z.int().nullable(),
        dead: z.int(),
      }),
    ),
    /** The largest first; partitions are counted with their table. */
    tables: z.array(
      z.object({
        name: z.string(),
        bytes: z.number(),
        /** PostgreSQL's own estimate; null before it has looked. */
        rows: z.number().nullable(),
        partitions: z.int(),
      }),
    ),
    /** What tenants may have deleted after some days, unless they said otherwise. */
    retentions: z.array(z.object({ key: z.string(), zh: z.string(), en: z.string(), days: z.int() })),
    /** Of the last 24 hours, the slowest first. */
    slowQueries: z.array(
      z.object({ at: Instant, durationMs: z.int(), lockMs: z.int(), rows: z.int(), text: z.string() }),
    ),
  })
  .meta({ id: "OperationsOverview" });

export const operations = contract("operations", {
  listSchedules: list("/operations/schedules", {
    summary: "What the server does at its times: when it last ran and how it went, when it runs next",
    item: ScheduleView,
    noun: { zh: "定时任务", en: "schedule", plural: "schedules" },
    access: operationsRead,
    sort: "name",
  }),
  runSchedule: route.post("/operations/schedules/:scheduleId/run", {
    summary: "Run a schedule at once, on one of the workers; a paused one too",
    access: operationsManage,
    effect: "change",
    params: scheduleParams,
    reply: z.object({}),
    faults: [notFound, conflict],
  }),
  pauseSchedule: route.post("/operations/schedules/:scheduleId/pause", {
    summary: "Let a schedule rest until it is resumed; a run that is under way ends",
    access: operationsManage,
    effect: "change",
    params: scheduleParams,
    reply: z.object({}),
    faults: [notFound, conflict],
  }),
  resumeSchedule: route.post("/operations/schedules/:scheduleId/resume", {
    summary: "Let a paused schedule run again at its next time",
    access: operationsManage,
    effect: "change",
    params: scheduleParams,
    reply: z.object({}),
    faults: [notFound, conflict],
  }),
  getOverview: route.get("/operations/overview", {
    summary: "How the whole server is: queues, tables, slow statements, versions",
    access: operationsRead,
    reply: Overview,
  }),
  checkDependencies: route.post("/operations/dependencies/check", {
    summary: "Ask everything outside of this server that it needs how it is",
    access: operationsRead,
    effect: "change",
    reply: z.object({ items: z.array(DependencyView) }),
  }),
  getMaintenance: route.get("/maintenance", {
    summary: "Whether the server is closed for work on it, why, and until when",
    access: publicAccess,
    duringMaintenance: true,
    limit: { perMinute: 120, by: "address" },
    reply: MaintenanceView,
  }),
  beginMaintenance: route.post("/operations/maintenance", {
    summary: "Close the server for work on it, or say anew why and until when; pushes of WeChat are still taken",
    access: operationsManage,
    effect: "change",
    body: z.object({
      messageZh: field(z.string().trim().max(300), { zh: "中文说明", en: "Message in Chinese" }).default(""),
      messageEn: field(z.string().trim().max(300), { zh: "英文说明", en: "Message in English" }).default(""),
      endsAt: field(Instant.nullable(), { zh: "预计结束", en: "Expected end" }).default(null),
    }),
    reply: MaintenanceView,
  }),
  endMaintenance: route.post("/operations/maintenance/end", {
    summary: "Open the server again: its queues go on with what has gathered",
    access: operationsManage,
    effect: "change",
    reply: MaintenanceView,
  }),
});
