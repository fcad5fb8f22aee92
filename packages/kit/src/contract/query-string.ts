const nestedName = /^(\w+)\[(\w+)\]$/;

/** `{ "clicks[gte]": "10" }` as `{ clicks: { gte: "10" } }`: OpenAPI's `deepObject`. */
export function nestFields(query: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  // Few queries have such a name, and every request has a query.
  if (!Object.keys(query).some((name) => name.endsWith("]"))) return query;
  const made = new Map<string, unknown>();
  const nested = new Map<string, Map<string, unknown>>();
  for (const [name, value] of Object.entries(query)) {
    const [, outer, inner] = nestedName.exec(name) ?? [];
    if (outer === undefined || inner === undefined) made.set(name, value);
    else nested.set(outer, (nested.get(outer) ?? new Map<string, unknown>()).set(inner, value));
  }
  for (const [name, fields] of nested) made.set(name, Object.fromEntries(fields));
  return Object.fromEntries(made);
}

/** How a value is written into an address: the other way round, and lists with commas. */
export function flatFields(name: string, value: unknown): [string, string][] {
  if (value === undefined || value === null) return [];
  if (Array.isArray(value)) return value.length === 0 ? [] : [[name, value.join(",")]];
  if (typeof value === "object")
    return Object.entries(value).flatMap(([inner, each]) => flatFields(`${name}[${inner}]`, each));
  return [[name, `${value as string | number | boolean}`]];
}
