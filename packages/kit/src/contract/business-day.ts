/** The zone of a tenant that has not chosen one. */
export const defaultZone = "Asia/Shanghai";

/**
 * The day an instant falls on in `zone`, as `YYYY-MM-DD`: what a report, a daily limit or a settlement counts by.
 *
 * @throws RangeError if the zone is unknown or the date invalid
 */
export function businessDay(instant: Date, zone: string = defaultZone): string {
  return dayFormat(zone).format(instant);
}

/** Whether this runtime knows a time zone of the IANA database by that name. */
export function isZone(zone: string): boolean {
  try {
    dayFormat(zone);
    return true;
  } catch {
    return false;
  }
}

/** By their zones in lower case: anybody may write one in thousands of ways. */
const dayFormats = new Map<string, Intl.DateTimeFormat>();

function dayFormat(zone: string): Intl.DateTimeFormat {
  const key = zone.toLowerCase();
  let format = dayFormats.get(key);
  if (format === undefined) {
    // The Canadian locale writes dates as ISO 8601 does.
    format = new Intl.DateTimeFormat("en-CA", { timeZone: zone, year: "numeric", month: "2-digit", day: "2-digit" });
    dayFormats.set(key, format);
  }
  return format;
}
