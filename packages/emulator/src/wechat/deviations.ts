import { z } from "zod";
import type { Incoming } from "./incoming.ts";
import type { ApiRoute } from "./route.ts";

const kept = 20;
const keptCharacters = 300;

/** Where a call's body differs from what WeChat documents, a sentence each: unknown fields, other types. */
export function deviationsOf(route: ApiRoute, { bytes }: Incoming): string[] {
  if (route.body === undefined || route.isUpload === true || bytes.length === 0) return [];
  let read: ReturnType<typeof route.body.safeParse>;
  try {
    read = route.body.safeParse(JSON.parse(bytes.toString("utf8")));
  } catch {
    // No JSON, which the call answers by itself; or nested so deeply that nobody can look at it.
    return [];
  }
  if (read.success) return [];
  return read.error.issues.slice(0, kept).map(({ path, message }) => {
    const said = `${z.core.toDotPath(path) || "body"}: ${message}`;
    return said.length <= keptCharacters ? said : `${said.slice(0, keptCharacters)}…`;
  });
}
