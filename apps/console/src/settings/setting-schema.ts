/** How a value is edited: the primitive types of JSON Schema have a field of their own, the rest is JSON. */
export type Editor =
  | {
      readonly kind: "number";
      readonly isInteger: boolean;
      readonly min: number | undefined;
      readonly max: number | undefined;
    }
  | { readonly kind: "text"; readonly maxLength: number | undefined }
  | { readonly kind: "choice"; readonly options: readonly string[] }
  | { readonly kind: "switch" }
  | { readonly kind: "lines" }
  | { readonly kind: "json" };

const numberIn = (value: unknown): number | undefined => (typeof value === "number" ? value : undefined);

/** The limit that holds: zod writes the range of safe integers where no limit was meant. */
function limit(value: unknown): number | undefined {
  const found = numberIn(value);
  return found === undefined || Math.abs(found) >= Number.MAX_SAFE_INTEGER ? undefined : found;
}

/** Chooses the editor for a JSON Schema of 2020-12, as far as settings use it. */
export function editorFor(schema: Readonly<Record<string, unknown>>): Editor {
  const { type, items } = schema;
  if (Array.isArray(schema.enum) && schema.enum.every((each) => typeof each === "string")) {
    return { kind: "choice", options: schema.enum };
  }
  if (type === "boolean") return { kind: "switch" };
  if (type === "integer" || type === "number") {
    const isInteger = type === "integer";
    const above = limit(schema.exclusiveMinimum);
    const below = limit(schema.exclusiveMaximum);
    const min = limit(schema.minimum) ?? (isInteger && above !== undefined ? above + 1 : above);
    const max = limit(schema.maximum) ?? (isInteger && below !== undefined ? below - 1 : below);
    return { kind: "number", isInteger, min, max };
  }
  if (type === "string") return { kind: "text", maxLength: numberIn(schema.maxLength) };
  const isTexts = type === "array" && (items as Readonly<Record<string, unknown>> | undefined)?.type === "string";
  return { kind: isTexts ? "lines" : "json" };
}

/** A value as it is read in a list. */
export function shownValue(value: unknown): string {
  if (Array.isArray(value) && value.every((each) => typeof each === "string")) return value.join(", ") || "—";
  return typeof value === "string" ? value : JSON.stringify(value);
}
