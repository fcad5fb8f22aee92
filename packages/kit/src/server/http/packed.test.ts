import { request as ask, type IncomingHttpHeaders } from "node:http";
import { gunzipSync } from "node:zlib";
import { Injectable } from "@nestjs/common";
import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { z } from "zod";
import { publicAccess } from "../../contract/permission.ts";
import { contract, route } from "../../contract/route.ts";
import { openKitServer, type KitServer } from "../../testing/server.ts";
import type { Ctx } from "../ctx.ts";
import { defineModule } from "../module.ts";

const query = z.object({ cups: z.coerce.number() });
const reply = z.object({ teas: z.array(z.string()), version: z.string() });
const teas = contract("teas", {
  list: route.get("/teas", { summary: "Many of them", access: publicAccess, query, reply }),
  get: route.get("/tea", { summary: "With a tag", access: publicAccess, query, reply, etag: "version" }),
  fill: route.post("/teas", { summary: "A write", access: publicAccess, effect: "change", body: query, reply }),
});

@Injectable()
class Teas {
  async many(_ctx: Ctx, { cups }: z.output<typeof query>) {
    return { teas: Array.from({ length: cups }, (_, n) => `龙井 ${n}`), version: "7" };
  }
}

let server: KitServer<{ teas: typeof teas }>;
beforeAll(async () => {
  const module = defineModule(teas, {
    services: { service: Teas },
    routes: ({ service }) => ({ list: service.many, get: service.many, fill: service.many }),
  });
  server = await openKitServer(inject("clusterUrl"), { teas }, { modules: [module] });
});
afterAll(() => server.close());

/** Not fetch: that decodes by itself, and hides what was sent. */
function sent(path: string, accepts?: string, method = "GET"): Promise<{ headers: IncomingHttpHeaders; body: Buffer }> {
  const headers = {
    "content-type": "application/json",
    ...(accepts === undefined ? {} : { "accept-encoding": accepts }),
  };
  return new Promise((resolve, reject) => {
    const asked = ask(`${server.url}/api${path}`, { method, headers }, (response) => {
      const parts: Buffer[] = [];
      response.on("data", (part: Buffer) => parts.push(part));
      response.on("end", () => resolve({ headers: response.headers, body: Buffer.concat(parts) }));
    });
    asked.on("error", reject).end(method === "POST" ? JSON.stringify({ cups: 500 }) : undefined);
  });
}

test.for<[accepts: string | undefined, isPacked: boolean]>([
  ["gzip, deflate, br, zstd", true],
  ["br;q=1, gzip;q=0.2", true],
  ["gzip;q=0, br", false],
  ["identity", false],
  ["", false],
  [undefined, false],
])("a long reply to %s", async ([accepts, isPacked]) => {
  const { headers, body } = await sent("/teas?cups=500", accepts);
  expect(headers["content-encoding"]).toBe(isPacked ? "gzip" : undefined);
  expect(headers["content-length"]).toBe(String(body.length));
  expect(headers.vary).toBe("accept-encoding");
  const text = (isPacked ? gunzipSync(body) : body).toString();
  expect((JSON.parse(text) as z.output<typeof reply>).teas).toHaveLength(500);
  if (isPacked) expect(body.length).toBeLessThan(text.length / 3);
});

test.for<[what: string, path: string, method: string]>([
  ["a short one", "/teas?cups=3", "GET"],
  ["one that has a tag of its bytes", "/tea?cups=500", "GET"],
  ["what answers a write", "/teas", "POST"],
])("%s goes as it is", async ([, path, method]) => {
  const { headers, body } = await sent(path, "gzip", method);
  expect(headers["content-encoding"]).toBeUndefined();
  expect(JSON.parse(body.toString())).toMatchObject({ version: "7" });
});

test("a HEAD says what a GET would without its body, and the typed client reads either", async () => {
  const { headers, body } = await sent("/teas?cups=500", "gzip", "HEAD");
  expect(headers["content-type"]).toContain("application/json");
  expect(body).toHaveLength(0);
  expect((await server.as().teas.list({ cups: 500 })).teas).toHaveLength(500);
});
