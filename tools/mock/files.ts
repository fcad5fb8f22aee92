import { createReadStream, existsSync } from "node:fs";
import { stat } from "node:fs/promises";
import type { ServerResponse } from "node:http";
import { extname, join, normalize, resolve } from "node:path";
import { pipeline } from "node:stream/promises";

const dist = resolve(import.meta.dirname, "../../apps/console/dist");
const types: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript",
  ".css": "text/css",
  ".svg": "image/svg+xml",
  ".json": "application/json",
};

export function hasConsole(): boolean {
  return existsSync(join(dist, "index.html"));
}

/** The built console; every address that is no file is one of its pages. */
export async function sendFile(path: string, response: ServerResponse): Promise<void> {
  const wanted = join(dist, normalize(`/${decodeURIComponent(path)}`));
  const isFile = await stat(wanted).then(
    (found) => found.isFile(),
    () => false,
  );
  const file = isFile ? wanted : join(dist, "index.html");
  response.writeHead(200, { "content-type": types[extname(file)] ?? "application/octet-stream" });
  await pipeline(createReadStream(file), response);
}
