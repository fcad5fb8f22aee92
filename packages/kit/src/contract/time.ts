import { z } from "zod";
import { bilingual } from "./text.ts";

/** The zone of a tenant that has not chosen one. */
export const defaultZone = "Asia/Shanghai";

/**
 * An instant on the wire: RFC 3339 in UTC. A service may hand over the `Date` of its row; the client sees text.
 */
export const Instant = z
  .union([z.date(), z.iso.datetime({ offset: true })])
  .transform((value) => (value instanceof Date ? value : new Date(value)).toISOString())
  .meta({ type: "string", format: "date-time" });

/** A day without a time, `YYYY-MM-DD`. */
export const Day = z.iso.date();

/** A time zone of the IANA database that this runtime knows. */
export const Zone = z
  .string()
  .max(64)
  .refine(isZone, { error: bilingual({ zh: "没有这个时区", en: "there is no such time zone" }) });

/**
 * The day an instant falls on in `zone`, as `YYYY-MM-DD`: what a report, a daily limit or a settlement counts by.
 *
 * @throws RangeError if the zone is unknown or the date invalid
 */
export function businessDay(instant: Date, zone: string = defaultZone): string {
  return dayFormat(zone).format(instant);
}

const dayFormats = new Map<string, Intl.DateTimeFormat>();

function dayFormat(zone: string): Intl.DateTimeFormat {
  let format = dayFormats.get(zone);
  if (format === undefined) {
    // The Canadian locale writes dates as ISO 8601 does.
    format = new Intl.DateTimeFormat("en-CA", { timeZone: zone, year: "numeric", month: "2-digit", day: "2-digit" });
    dayFormats.set(zone, format);
  }
  return format;
}

function isZone(zone: string): boolean {
  try {
    dayFormat(zone);
    return true;
  } catch {
    return false;
  }
}
