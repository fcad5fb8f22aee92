import type { z } from "zod";
import { isJson } from "./body.ts";
import type { Route } from "./route.ts";

/** What a call resolves to. */
export async function readReply(route: Route, response: Response): Promise<unknown> {
  const body = await bodyOf(route, response);
  if (route.sets === undefined) return body;
  const { headers } = route.sets;
  return headers === undefined ? { body } : { body, headers: await headers.parseAsync(given(headers, response)) };
}

async function bodyOf({ reply }: Route, response: Response): Promise<unknown> {
  if (isJson(reply)) return reply.parseAsync(await response.json());
  const { status } = response;
  const contentType = response.headers.get("content-type") ?? "";
  if (reply.kind === "redirect") return { status, location: response.headers.get("location") ?? "" };
  if (reply.kind === "bytes") return { status, contentType, bytes: new Uint8Array(await response.arrayBuffer()) };
  const named = /filename\*=UTF-8''([^;]+)/i.exec(response.headers.get("content-disposition") ?? "")?.[1];
  const fileName = named === undefined ? undefined : decodeURIComponent(named);
  return { contentType, fileName, stream: response.body ?? new ReadableStream() };
}

function given(shape: z.ZodObject, response: Response): Record<string, string> {
  const found = Object.keys(shape.shape).map((name) => [name, response.headers.get(name)] as const);
  return Object.fromEntries(found.filter((entry): entry is readonly [string, string] => entry[1] !== null));
}
