import type { DailyFigures } from "@zhanggui/kit/contract/figures";
import type { Language } from "@zhanggui/kit/contract/text";

/** Today beside what is usual by this time of such a day. */
export interface Compared {
  readonly today: number;
  /** Rounded as it is shown; null where there is nothing to compare with. */
  readonly usual: number | null;
  /** By how much today is more (or less) than that. */
  readonly difference: number;
}

export function compared({ days, usual }: DailyFigures): Compared {
  const today = days.at(-1)?.count ?? 0;
  if (usual === null) return { today, usual, difference: 0 };
  const rounded = Math.round(usual);
  return { today, usual: rounded, difference: today - rounded };
}

/** The sum of the last `count` days, today among them; of all without it. */
export function sumOf({ days }: DailyFigures, count = days.length): number {
  return days.slice(-count).reduce((sum, day) => sum + day.count, 0);
}

/** What a scale ends with: the next round number that nothing goes beyond; 5 at least, so that one is little. */
export function ceilingOf(values: readonly number[]): number {
  const most = Math.max(5, ...values);
  const power = 10 ** Math.floor(Math.log10(most));
  return [1, 1.5, 2, 3, 4, 5, 6, 8, 10].map((step) => step * power).find((step) => step >= most) ?? most;
}

/** A bar of a chart, in parts of its height: 0 is the top, 1 the foot. What there was at all can be seen. */
export function barOf(count: number, ceiling: number): { y: number; height: number } {
  const height = count === 0 ? 0 : Math.max(0.02, count / ceiling);
  return { y: 1 - height, height };
}

/** `YYYY-MM-DD` is Saturday or Sunday. */
export function isWeekend(day: string): boolean {
  const weekday = new Date(`${day}T00:00:00Z`).getUTCDay();
  return weekday === 0 || weekday === 6;
}

/** `11月29日` or `29 Nov`, with the weekday if it is wanted. A day has no zone: it is the same everywhere. */
export function dayName(day: string, language: Language, weekday?: "short" | "long"): string {
  const locale = language === "zh" ? "zh-CN" : "en-GB";
  const options = {
    month: "short",
    day: "numeric",
    timeZone: "UTC",
    ...(weekday === undefined ? {} : { weekday }),
  } as const;
  return new Intl.DateTimeFormat(locale, options).format(new Date(`${day}T00:00:00Z`));
}
