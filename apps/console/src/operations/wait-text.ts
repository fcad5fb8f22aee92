import type { LocalizedText } from "@zhanggui/kit/contract/text";

/** How long something has waited, to be read at a glance. */
export function waitText(seconds: number | null): LocalizedText {
  if (seconds === null) return { zh: "—", en: "—" };
  if (seconds < 90) return { zh: `${seconds} 秒`, en: `${seconds} s` };
  const minutes = Math.round(seconds / 60);
  if (minutes < 90) return { zh: `${minutes} 分钟`, en: `${minutes} min` };
  const hours = Math.round(seconds / 3600);
  if (hours < 48) return { zh: `${hours} 小时`, en: `${hours} h` };
  const days = Math.round(seconds / 86_400);
  return { zh: `${days} 天`, en: `${days} days` };
}
