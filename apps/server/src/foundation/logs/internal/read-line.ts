import { newId } from "@zhanggui/kit/contract/ids";
import { platformTenantId } from "@zhanggui/kit/server/queue/definition";
import { z } from "zod";

const levels = [
  [60, "fatal"],
  [50, "error"],
  [40, "warn"],
  [30, "info"],
] as const;
const longestMessage = 1_000;
const longestFields = 20_000;
const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

const Written = z.looseObject({
  level: z.number(),
  time: z.number(),
  message: z.string().default(""),
  tenantId: z.unknown().optional(),
  traceId: z.unknown().optional(),
  route: z.unknown().optional(),
  queue: z.unknown().optional(),
});

/** A line as it is kept. */
export interface KeptLine {
  readonly tenant_id: string;
  readonly id: string;
  readonly at: string;
  readonly level: string;
  readonly module: string;
  readonly message: string;
  readonly trace_id: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

/** What a line of the log says, masked as it was written; undefined for what isn't one. */
export function readLine(line: string): KeptLine | undefined {
  const parsed = Written.safeParse(jsonOf(line));
  if (!parsed.success) return undefined;
  const { level, time, message, tenantId, traceId, ...fields } = parsed.data;
  const at = new Date(time);
  const place = typeof fields.route === "string" ? fields.route : fields.queue;
  return {
    tenant_id: typeof tenantId === "string" && uuid.test(tenantId) ? tenantId : platformTenantId,
    id: newId(at),
    at: at.toISOString(),
    level: levels.find(([least]) => level >= least)?.[1] ?? "debug",
    module: typeof place === "string" && /^[a-z]+\./.test(place) ? place.slice(0, place.indexOf(".")) : "",
    message: plain(message, longestMessage),
    trace_id: typeof traceId === "string" ? plain(traceId, 64) : "",
    fields: line.length > longestFields ? { cut: plain(line, longestFields) } : (plainly(fields) as KeptLine["fields"]),
  };
}

function jsonOf(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

/** PostgreSQL's texts take no NUL, and its JSON no half of a character, which a cut may leave. */
function plain(text: string, longest: number): string {
  return text.replaceAll("\0", "").slice(0, longest).toWellFormed();
}

function plainly(value: unknown): unknown {
  if (typeof value === "string") return plain(value, longestFields);
  if (Array.isArray(value)) return value.map(plainly);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [plain(key, longestFields), plainly(each)]));
}
