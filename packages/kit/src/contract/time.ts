import { z } from "zod";
import { isZone } from "./business-day.ts";
import { bilingual } from "./text.ts";

/**
 * An instant on the wire: RFC 3339 in UTC. A service may hand over the `Date` of its row; the client sees text.
 */
export const Instant = z
  .union([z.date(), z.iso.datetime({ offset: true }).refine(isOfYears)])
  .transform((value) => (value instanceof Date ? value : new Date(value)).toISOString())
  .meta({ type: "string", format: "date-time" });

/** Whether RFC 3339 and PostgreSQL can both write an instant in UTC: its offset may lead out of the years 1 to 9999. */
function isOfYears(text: string): boolean {
  const year = new Date(text).getUTCFullYear();
  return year >= 1 && year <= 9999;
}

/** A day without a time, `YYYY-MM-DD`. */
export const Day = z.iso.date();

/** A time zone of the IANA database that this runtime knows. */
export const Zone = z
  .string()
  .max(64)
  .refine(isZone, { error: bilingual({ zh: "没有这个时区", en: "there is no such time zone" }) });
