import { fault } from "@zhanggui/kit/contract/fault";
import { field } from "@zhanggui/kit/contract/field";
import { Id } from "@zhanggui/kit/contract/ids";
import { list } from "@zhanggui/kit/contract/list";
import { anyOf, permission, platformPermission } from "@zhanggui/kit/contract/permission";
import { contract } from "@zhanggui/kit/contract/route";
import { Instant } from "@zhanggui/kit/contract/time";
import { z } from "zod";

export const logsRead = permission("logs:read", { zh: "查看系统日志", en: "See the log" }, ["developer"]);
/** Over all tenants, and what is about none. */
export const logsAll = platformPermission(
  "logs:all",
  { zh: "查看所有企业的系统日志", en: "See the log of all tenants" },
  ["developer"],
);

const levels = {
  debug: { zh: "调试", en: "Debug", tone: "quiet" },
  info: { zh: "信息", en: "Info", tone: "info" },
  warn: { zh: "警告", en: "Warning", tone: "warn" },
  error: { zh: "错误", en: "Error", tone: "bad" },
  fatal: { zh: "致命", en: "Fatal", tone: "bad" },
} as const;

export const LogLine = z
  .object({
    id: Id,
    at: field(Instant, { zh: "时间", en: "At" }, { sort: "id", filter: "range", width: "176px" }),
    level: field(
      z.enum(["debug", "info", "warn", "error", "fatal"]),
      { zh: "级别", en: "Level" },
      { filter: true, choices: levels, width: "104px" },
    ),
    module: field(z.string(), { zh: "模块", en: "Module" }, { kind: "logModule", filter: true, width: "136px" }),
    message: field(z.string(), { zh: "内容", en: "Message" }, { narrow: true }),
    /** Empty where it has none. */
    traceId: field(z.string(), { zh: "追踪号", en: "Trace" }, { width: "144px" }),
    /** The business that it is about; null for what is about none. Told to whoever sees all of them. */
    tenant: field(z.string().nullable(), { zh: "企业", en: "Tenant" }, { hidden: true }),
    fields: z.record(z.string(), z.unknown()),
  })
  .meta({ id: "LogLine" });

/** Words are looked for in so many hours before the end that is asked for, unless a beginning is named. */
export const searchedHours = 24;
/** Words have no index: what takes longer is given up. */
export const searchSeconds = 5;
export const searchTooLong = fault("logs.search_too_long", 422, {
  zh: "{seconds} 秒内没有搜完。请缩短时间范围，或同时按级别、模块、追踪号筛选。",
  en: "This wasn't found within {seconds} seconds. Look at less time, or narrow it by level, module or trace id.",
});

export const logs = contract("logs", {
  list: list("/logs", {
    summary:
      "Lines of the log that are still kept, the latest first: one's own tenant's, or all. Words are looked for in a day, unless a beginning or a trace is named",
    faults: [searchTooLong],
    item: LogLine,
    noun: { zh: "日志", en: "line", plural: "lines" },
    access: anyOf(logsRead, logsAll),
    sort: "-at",
    filters: {
      traceId: field(z.string().max(64), { zh: "追踪号", en: "Trace id" }),
      /** In the message or anything else of the line, whatever its case. */
      text: field(
        z.string().max(100),
        { zh: "包含文字", en: "Has the words" },
        {
          hint: {
            zh: "没有选开始时间时，只搜索最近 24 小时。",
            en: "The last 24 hours are searched, unless you say from when.",
          },
        },
      ),
    },
  }),
});
