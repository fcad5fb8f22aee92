import type { IncomingMessage, ServerResponse } from "node:http";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { Route } from "@zhanggui/kit/contract/route";
import { exportOf } from "@zhanggui/kit/server/http/list-export";
import type { Row } from "./world.ts";

/** A list's rows as the file that the server makes of them. */
export async function fileOf(
  route: Route,
  query: Row,
  read: (query: Row) => unknown,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const permissions = new Set(route.list?.fields.flatMap(({ readBy }) => readBy ?? []));
  const file = await exportOf(
    route,
    query,
    (page) => Promise.resolve(read(page)),
    request as never,
    {
      permissions,
    } as never,
  );
  response.writeHead(200, {
    "content-type": file.contentType,
    "content-disposition": `attachment; filename*=UTF-8''${encodeURIComponent(file.fileName ?? "list.csv")}`,
  });
  await pipeline(Readable.from(file.stream), response);
}
