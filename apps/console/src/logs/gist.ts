/** What of a line's fields says most, in a line: a request's answer, a task's queue, what went wrong. */
export function gist(fields: Readonly<Record<string, unknown>>): string {
  const { method, path, status, durationMs, code, queue, attempt, err } = fields;
  const parts = [
    method,
    path,
    status,
    typeof durationMs === "number" ? `${durationMs} ms` : undefined,
    code,
    queue,
    typeof attempt === "number" ? `#${attempt}` : undefined,
    messageOf(err),
  ];
  return parts.filter((part) => part !== undefined && part !== "").join(" · ");
}

function messageOf(error: unknown): unknown {
  return typeof error === "object" && error !== null && "message" in error ? error.message : undefined;
}
