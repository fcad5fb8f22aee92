const dayMs = 86_400_000;

/**
 * The instant at which a day begins by the clock of `zone`: midnight, or when a change of the clock skips it the first
 * minute that there is.
 *
 * @param day `YYYY-MM-DD`
 * @throws RangeError for a day or a zone that isn't one
 */
export function dayStart(day: string, zone: string): Date {
  return instantOf(`${day}T00:00:00`, zone);
}

/**
 * The instant at which the clock of `zone` shows `clock`: the first, where it shows it twice; the first that there is
 * afterwards, where it is skipped.
 *
 * @param clock `YYYY-MM-DDTHH:mm:ss`
 * @throws RangeError for what isn't a time or a zone
 */
export function instantOf(clock: string, zone: string): Date {
  const wanted = Date.parse(`${clock}Z`);
  if (Number.isNaN(wanted)) throw new RangeError(`not a time: ${clock}`);
  const [before, after] = [-dayMs, dayMs].map((ms) => wanted - offsetMs(new Date(wanted + ms), zone)) as [
    number,
    number,
  ];
  const isWanted = (ms: number): boolean => ms + offsetMs(new Date(ms), zone) === wanted;
  // A clock that goes back may show it twice: the first is meant. One that goes forward skips it at `before`.
  return new Date(!isWanted(before) && isWanted(after) ? after : before);
}

/** What the clock of `zone` shows at an instant: `YYYY-MM-DDTHH:mm:ss`. */
export function clockOf(at: Date, zone: string): string {
  return new Date(at.getTime() + offsetMs(at, zone)).toISOString().slice(0, 19);
}

/** The day after `days` more (or fewer) of them. */
export function addDays(day: string, days: number): string {
  const moved = new Date(Date.parse(`${day}T00:00:00Z`) + days * dayMs);
  return moved.toISOString().slice(0, 10);
}

/** How far the clock of a zone is ahead of UTC at an instant. */
function offsetMs(at: Date, zone: string): number {
  const parts = new Intl.DateTimeFormat("en-US", {
    timeZone: zone,
    hourCycle: "h23",
    year: "numeric",
    month: "numeric",
    day: "numeric",
    hour: "numeric",
    minute: "numeric",
    second: "numeric",
  }).formatToParts(at);
  const of = (type: string): number => Number(parts.find((part) => part.type === type)?.value);
  const shown = Date.UTC(of("year"), of("month") - 1, of("day"), of("hour"), of("minute"), of("second"));
  return shown - Math.floor(at.getTime() / 1000) * 1000;
}
