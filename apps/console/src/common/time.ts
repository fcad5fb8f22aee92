import { businessDay } from "@zhanggui/kit/contract/business-day";
import type { Language } from "@zhanggui/kit/contract/text";

interface Place {
  /** The tenant's zone, an IANA name. */
  readonly zone: string;
  readonly language: Language;
}

const formats = new Map<string, Intl.DateTimeFormat>();

function format(iso: string, { zone, language }: Place, options: Intl.DateTimeFormatOptions): string {
  const key = JSON.stringify([zone, language, options]);
  let found = formats.get(key);
  if (found === undefined) {
    const locale = language === "zh" ? "zh-CN" : "en-GB";
    found = new Intl.DateTimeFormat(locale, { timeZone: zone, hourCycle: "h23", ...options });
    formats.set(key, found);
  }
  return found.format(new Date(iso));
}

/** As short as it can be without doubt: `14:32` today, `11月20日 14:32` this year, with the year before that. */
export function shortTime(iso: string, place: Place, now: Date): string {
  const day = businessDay(new Date(iso), place.zone);
  const today = businessDay(now, place.zone);
  const time = { hour: "2-digit", minute: "2-digit" } as const;
  if (day === today) return format(iso, place, time);
  if (day.slice(0, 4) === today.slice(0, 4)) return format(iso, place, { month: "short", day: "numeric", ...time });
  return format(iso, place, { year: "numeric", month: "short", day: "numeric", ...time });
}

/** To the millisecond, with the zone: what a tooltip says. */
export function exactTime(iso: string, place: Place): string {
  const day = businessDay(new Date(iso), place.zone);
  return `${day} ${clockTime(iso, place)} (${place.zone})`;
}

/** `14:32:05.123` in the tenant's zone. */
export function clockTime(iso: string, place: Place): string {
  return format(
    iso,
    { ...place, language: "en" },
    {
      hour: "2-digit",
      minute: "2-digit",
      second: "2-digit",
      fractionalSecondDigits: 3,
    },
  );
}

/** `14:32` in the tenant's zone. */
export function minuteTime(iso: string, place: Place): string {
  return format(iso, { ...place, language: "en" }, { hour: "2-digit", minute: "2-digit" });
}

/** The heading of a day: `11月20日 星期五`. */
export function dayTitle(iso: string, place: Place): string {
  return format(iso, place, { year: "numeric", month: "long", day: "numeric", weekday: "long" });
}

/** How long after `start`: `+12 ms`, `+3.4 s`, `+2 min`, `+5.0 h`. */
export function offset(start: string, at: string): string {
  const ms = Date.parse(at) - Date.parse(start);
  const size = Math.abs(ms);
  const sign = ms < 0 ? "−" : "+";
  if (size < 1000) return `${sign}${size} ms`;
  if (size < 60_000) return `${sign}${(size / 1000).toFixed(1)} s`;
  if (size < 3_600_000) return `${sign}${Math.round(size / 60_000)} min`;
  return `${sign}${(size / 3_600_000).toFixed(1)} h`;
}
