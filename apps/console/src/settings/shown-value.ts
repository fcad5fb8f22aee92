/** A value as it is read in a list. */
export function shownValue(value: unknown): string {
  if (Array.isArray(value) && value.every((each) => typeof each === "string")) return value.join(", ") || "—";
  return typeof value === "string" ? value : JSON.stringify(value);
}
