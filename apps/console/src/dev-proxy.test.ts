// @vitest-environment node
import { createServer as createUpstream, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { createClient } from "@zhanggui/kit/contract/client";
import { byteStream, eventStream, redirect } from "@zhanggui/kit/contract/body";
import { publicAccess } from "@zhanggui/kit/contract/permission";
import { contract, route } from "@zhanggui/kit/contract/route";
import { contracts } from "@zhanggui/server/contracts";
import { createServer, type ViteDevServer } from "vite";
import { afterAll, beforeAll, expect, test } from "vitest";
import { z } from "zod";
import { proxyOf } from "../dev-proxy.ts";

const common = { summary: "A route of the tests", access: publicAccess } as const;
const teas = contract("teas", {
  open: route.get("/s/:slug", { ...common, root: true, params: z.object({ slug: z.string() }), reply: redirect }),
  verify: route.get("/MP_verify.txt", { ...common, root: true, reply: byteStream }),
  watch: route.get("/watch", { ...common, reply: eventStream({ tick: z.object({ n: z.int() }) }) }),
  upload: route.put("/upload", { ...common, effect: "change", body: byteStream, reply: z.object({ bytes: z.int() }) }),
});

const seen: IncomingMessage[] = [];
const upstream = createUpstream((request, response) => {
  seen.push(request);
  if (request.url?.startsWith("/s/")) {
    response.writeHead(302, { location: "https://shop.example/", "set-cookie": ["a=1; HttpOnly", "b=2"] }).end();
  } else if (request.url === "/api/watch") {
    // Never ended: an event must come through while the stream goes on.
    response.writeHead(200, { "content-type": "text/event-stream" }).write('event: tick\ndata: {"n":1}\n\n');
  } else if (request.url === "/api/upload") {
    let bytes = 0;
    request.on("data", (chunk: Buffer) => (bytes += chunk.length));
    request.on("end", () => response.end(JSON.stringify({ bytes })));
  } else response.end("verified");
});

let vite: ViteDevServer;
let url: string;

beforeAll(async () => {
  await new Promise<void>((resolve) => upstream.listen(0, "127.0.0.1", resolve));
  const target = `http://127.0.0.1:${(upstream.address() as AddressInfo).port}`;
  vite = await createServer({
    configFile: false,
    root: import.meta.dirname,
    logLevel: "silent",
    optimizeDeps: { noDiscovery: true },
    server: { host: "127.0.0.1", port: 0, ws: false, watch: null, proxy: { ...proxyOf({ teas }, target) } },
  });
  await vite.listen();
  url = vite.resolvedUrls!.local[0]!.replace(/\/$/, "");
});
afterAll(async () => {
  await vite.close();
  upstream.closeAllConnections();
  upstream.close();
});

test("routes at the root reach the server, cookies and redirects as they are; pages don't", async () => {
  const response = await fetch(`${url}/s/spring?from=poster`, { redirect: "manual" });
  expect([response.status, response.headers.get("location")]).toEqual([302, "https://shop.example/"]);
  expect(response.headers.getSetCookie()).toEqual(["a=1; HttpOnly", "b=2"]);
  expect(seen.at(-1)?.url).toBe("/s/spring?from=poster");
  expect(await (await fetch(`${url}/MP_verify.txt`)).text()).toBe("verified");
  const asked = seen.length;
  for (const page of ["/s", "/s/a/b", "/MP_verifyXtxt", "/settings"]) await fetch(url + page);
  expect(seen).toHaveLength(asked);
});

test("an event comes through while its stream goes on, and a stream goes up", async () => {
  const api = createClient({ teas }, { baseUrl: url });
  for await (const { data } of api.teas.watch()) {
    expect(data).toEqual({ n: 1 });
    break;
  }
  const stream = new Blob([new Uint8Array(2_000_000)]).stream();
  expect(await api.teas.upload({ stream, contentType: "text/csv" })).toEqual({ bytes: 2_000_000 });
});

test("the console's own proxy knows every route at the root", () => {
  const atRoot = Object.values(contracts).flatMap((each) => Object.values(each).filter((one) => "root" in one));
  expect(Object.keys(proxyOf(contracts, "http://server"))).toHaveLength(
    1 + new Set(atRoot.map(({ path }) => path)).size,
  );
});
