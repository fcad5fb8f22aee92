import type { z } from "zod";
import { isJson } from "./body.ts";
import { fieldsOf, type Route } from "./route.ts";

/** What a call resolves to. */
export async function readReply(route: Route, response: Response): Promise<unknown> {
  const body = await bodyOf(route, response);
  const headers = route.sets?.headers;
  return headers === undefined ? body : { body, headers: await parsed(headers, given(headers, response)) };
}

async function bodyOf({ reply }: Route, response: Response): Promise<unknown> {
  if (isJson(reply)) return parsed(reply, await response.json());
  const { status } = response;
  const contentType = response.headers.get("content-type") ?? "";
  if (reply.kind === "redirect") return { status, location: response.headers.get("location") ?? "" };
  if (reply.kind === "bytes") return { status, contentType, bytes: new Uint8Array(await response.arrayBuffer()) };
  return readFile(response);
}

/** A file, by the name that the server gives it. */
export function readFile(response: Response): {
  contentType: string;
  fileName: string | undefined;
  stream: ReadableStream;
} {
  const named = /filename\*=UTF-8''([^;]+)/i.exec(response.headers.get("content-disposition") ?? "")?.[1];
  const fileName = named === undefined ? undefined : decodeURIComponent(named);
  const contentType = response.headers.get("content-type") ?? "";
  return { contentType, fileName, stream: response.body ?? new ReadableStream() };
}

/** What the shape makes of it; where contracts are data (`data.ts`), what the server sent is trusted. */
export async function parsed(shape: z.ZodType, value: unknown): Promise<unknown> {
  return "parseAsync" in shape ? shape.parseAsync(value) : value;
}

function given(shape: z.ZodObject, response: Response): Record<string, string> {
  const found = fieldsOf(shape).map((name) => [name, response.headers.get(name)] as const);
  return Object.fromEntries(found.filter((entry): entry is readonly [string, string] => entry[1] !== null));
}
