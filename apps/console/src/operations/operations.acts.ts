import type { LocalizedText } from "@zhanggui/kit/contract/text";

/** What calls of its routes are to people, in the audit log. */
export const acts: Readonly<Record<string, LocalizedText>> = {
  runSchedule: { zh: "立即运行定时任务", en: "Run a schedule at once" },
  pauseSchedule: { zh: "暂停定时任务", en: "Pause a schedule" },
  resumeSchedule: { zh: "恢复定时任务", en: "Resume a schedule" },
  checkDependencies: { zh: "检查依赖的服务", en: "Check what the server depends on" },
  beginMaintenance: { zh: "开启维护模式", en: "Begin maintenance" },
  endMaintenance: { zh: "结束维护模式", en: "End maintenance" },
};
