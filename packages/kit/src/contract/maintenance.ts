import { fault } from "./fault.ts";
import { platformPermission } from "./permission.ts";

/** Whoever works on the server while it is closed: they pass, and open it again. */
export const operationsManage = platformPermission(
  "operations:manage",
  { zh: "运维操作：维护模式、定时任务", en: "Operate the server: maintenance, schedules" },
  [],
  { isWeighty: true },
);

/** The server is closed for work on it. `messageZh`, `messageEn`: what whoever closed it says; `endsAt`: an instant. */
export const underMaintenance = fault(
  "kit.maintenance",
  503,
  {
    zh: "系统维护中，请稍后再来。{messageZh}",
    en: "Closed for maintenance; please come back later. {messageEn}",
  },
  { isPassing: true },
);
