import { addDays } from "@zhanggui/kit/contract/day";

/** How long the past is, its last day being yesterday. */
export const pastDays = 90;

export interface Day {
  /** `YYYY-MM-DD` by the shop's clock. */
  readonly day: string;
  /** 0 is Sunday. */
  readonly weekday: number;
  /** How many days before today; 1 is yesterday. */
  readonly daysAgo: number;
  /** How busy it is, beside an ordinary day. */
  readonly crowd: number;
}

/** From Sunday on: the market stands on Saturdays and Sundays, and people have time. */
const crowds = [1.75, 0.62, 0.66, 0.74, 0.82, 1.12, 2.0] as const;
const rainyWeek = { from: 56, to: 50, crowd: 0.45 };
/** The shop's anniversary: the Friday, Saturday and Sunday of the fifth week before today's. */
const anniversary = { daysAround: 35, crowd: 2.9 };

/** The days before `today`, the earliest first. */
export function calendar(today: string): Day[] {
  const saturday = anniversary.daysAround + ((weekdayOf(addDays(today, -anniversary.daysAround)) - 6 + 7) % 7);
  return Array.from({ length: pastDays }, (_, index) => {
    const daysAgo = pastDays - index;
    const day = addDays(today, -daysAgo);
    const weekday = weekdayOf(day);
    // Word gets round: the shop has about half as many guests again at the end.
    const growth = 0.8 + (0.45 * index) / pastDays;
    const isRainy = daysAgo <= rainyWeek.from && daysAgo >= rainyWeek.to;
    const isFeast = Math.abs(daysAgo - saturday) <= 1;
    const season = isRainy ? rainyWeek.crowd : isFeast ? anniversary.crowd : 1;
    return { day, weekday, daysAgo, crowd: (crowds[weekday] ?? 1) * growth * season };
  });
}

function weekdayOf(day: string): number {
  return new Date(`${day}T00:00:00Z`).getUTCDay();
}
