import { createHash, randomBytes } from "node:crypto";
import { Injectable } from "@nestjs/common";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { z } from "zod";
import { bytes, byteStream, redirect } from "../../contract/body.ts";
import { fault } from "../../contract/fault.ts";
import { notFound } from "../../contract/faults.ts";
import { anyOf, authenticated, permission, publicAccess } from "../../contract/permission.ts";
import { contract, route, type Flat } from "../../contract/route.ts";
import { openKitServer, type KitServer } from "../../testing/server.ts";
import type { Ctx } from "../ctx.ts";
import { defineModule } from "../module.ts";

const teaRead = permission("teas:read", { zh: "看茶", en: "See teas" }, []);
const teaWrite = permission("teas:write", { zh: "改茶", en: "Change teas" }, []);
const soldOut = fault("teas.sold_out", 409, { zh: "已售完", en: "Sold out" });

const teas = contract("teas", {
  greet: route.get("/greeting", {
    summary: "Headers and cookies, both ways",
    access: publicAccess,
    headers: z.object({ "X-Guest": z.string().min(2), "x-cups": z.coerce.number().optional() }),
    cookies: z.object({ visitor: z.string().optional() }),
    reply: z.object({ greeting: z.string() }),
    sets: {
      headers: z.object({ "X-Served-By": z.string(), "X-Cups": z.coerce.number() }),
      cookies: { visitor: { maxAgeSeconds: 3600 }, old: {}, theme: { readableByScripts: true, sameSite: "strict" } },
    },
  }),
  open: route.get("/s/:slug", {
    summary: "Stands at the root and leads elsewhere",
    access: publicAccess,
    root: true,
    params: z.object({ slug: z.string() }),
    reply: redirect,
    faults: [soldOut],
  }),
  notify: route.post("/notify/:channel", {
    summary: "As WeChat Pay notifies: signature headers over the very bytes",
    access: publicAccess,
    effect: "change",
    params: z.object({ channel: z.string() }),
    headers: z.object({
      "Wechatpay-Signature": z.string(),
      "Wechatpay-Timestamp": z.string(),
      "Wechatpay-Nonce": z.string(),
      "Wechatpay-Serial": z.string(),
    }),
    body: bytes,
    reply: bytes,
  }),
  download: route.get("/catalogue/:pages", {
    summary: "A file that is never whole in memory",
    access: authenticated,
    params: z.object({ pages: z.coerce.number() }),
    reply: byteStream,
  }),
  upload: route.put("/catalogue", {
    summary: "A large body, read as it comes",
    access: authenticated,
    effect: "change",
    body: byteStream,
    bodyLimitBytes: 8_000_000,
    reply: z.object({ sha256: z.string(), chunks: z.int(), contentType: z.string() }),
  }),
  get: route.get("/teas/:teaId", {
    summary: "A tea with its version",
    access: anyOf(teaRead, teaWrite),
    params: z.object({ teaId: z.string() }),
    reply: z.object({ name: z.string(), version: z.int() }),
    etag: "version",
  }),
  rename: route.put("/teas/:teaId", {
    summary: "Changes the version that one has seen",
    access: teaWrite,
    effect: "change",
    params: z.object({ teaId: z.string() }),
    body: z.object({ name: z.string() }),
    reply: z.object({ name: z.string(), version: z.int() }),
    etag: "version",
    ifMatch: true,
  }),
});

@Injectable()
class Teas {
  readonly #tea = { name: "桂花乌龙", version: 7, supplierPrice: 12 };

  greet(_ctx: Ctx, { headers, cookies }: Flat<typeof teas.greet>) {
    return {
      body: { greeting: `${headers["X-Guest"]}, ${cookies.visitor ?? "for the first time"}` },
      headers: { "X-Served-By": "shop", "X-Cups": headers["x-cups"] ?? 0 },
      cookies: { visitor: "known; to=us", old: null, theme: "dark" },
    };
  }

  open(_ctx: Ctx, { slug }: Flat<typeof teas.open>) {
    if (slug === "gone") throw soldOut();
    if (slug === "lost") throw notFound();
    return { location: `https://shop.example/${slug}` };
  }

  notify(_ctx: Ctx, { channel, bytes, contentType, headers }: Flat<typeof teas.notify>) {
    const signed = createHash("sha256").update(bytes).digest("hex");
    const body = JSON.stringify({ channel, signed, contentType, ...headers });
    return { status: headers["Wechatpay-Nonce"] === "retry" ? 500 : 200, contentType: "application/json", body };
  }

  download(_ctx: Ctx, { pages }: Flat<typeof teas.download>) {
    const lengthBytes = pages * 1000;
    return { contentType: "application/x-pages", stream: pagesOf(pages), fileName: "茶单 1.bin", lengthBytes };
  }

  async upload(_ctx: Ctx, { stream, contentType }: Flat<typeof teas.upload>) {
    const hash = createHash("sha256");
    let chunks = 0;
    for await (const chunk of stream) {
      hash.update(chunk);
      chunks += 1;
    }
    return { sha256: hash.digest("hex"), chunks, contentType };
  }

  get() {
    return this.#tea;
  }

  rename(_ctx: Ctx, { name, ifMatch }: Flat<typeof teas.rename>) {
    ifMatch.demand(this.#tea.version);
    this.#tea.name = name;
    this.#tea.version += 1;
    return this.#tea;
  }
}

async function* pagesOf(pages: number): AsyncGenerator<Uint8Array> {
  for (let page = 0; page < pages; page++) yield Buffer.alloc(1000, page % 256);
}

let server: KitServer<{ teas: typeof teas }>;
const member = "mei#teas:write";

beforeAll(async () => {
  const module = defineModule(teas, {
    services: { service: Teas },
    routes: ({ service }) => ({
      greet: service.greet,
      open: service.open,
      notify: service.notify,
      download: service.download,
      upload: service.upload,
      get: service.get,
      rename: service.rename,
    }),
  });
  server = await openKitServer(inject("clusterUrl"), { teas }, { modules: [module] });
});
afterAll(() => server.close());

const bearer = (token = member) => ({ authorization: `Bearer ${token}`, "accept-language": "en" });

describe("headers and cookies", () => {
  test("come in typed and go out declared", async () => {
    const api = server.as();
    const input = { headers: { "X-Guest": "Mei", "x-cups": "3" }, cookies: { visitor: "again" } };
    expect(await api.teas.greet(input)).toEqual({
      body: { greeting: "Mei, again" },
      headers: { "X-Served-By": "shop", "X-Cups": 3 },
    });
  });

  test("a cookie is for the server alone unless the contract says otherwise, and null takes one away", async () => {
    const response = await fetch(`${server.url}/api/greeting`, { headers: { "x-guest": "Mei" } });
    expect(response.headers.getSetCookie()).toEqual([
      "visitor=known%3B%20to%3Dus; Max-Age=3600; Path=/; HttpOnly; SameSite=Lax",
      "old=; Max-Age=0; Path=/; HttpOnly; SameSite=Lax",
      "theme=dark; Path=/; SameSite=Strict",
    ]);
  });

  test("a header that is wrong is named like a field", async () => {
    const refusal = server.as().teas.greet({ headers: { "X-Guest": "M" } });
    await expect(refusal).rejects.toMatchObject({ problem: { status: 400, errors: [{ field: "headers.X-Guest" }] } });
  });
});

describe("paths at the root and redirects", () => {
  test("a route of the root stands there, and not under /api", async () => {
    expect(await server.as().teas.open({ slug: "spring tea" })).toEqual({
      status: 302,
      location: "https://shop.example/spring%20tea",
    });
    expect(server.as().teas.open.url({ slug: "a/b" })).toBe(`${server.url}/s/a%2Fb`);
    expect((await fetch(`${server.url}/api/s/x`)).status).toBe(404);
  });

  test("its refusals are problems like any other", async () => {
    await expect(server.as().teas.open({ slug: "gone" })).rejects.toMatchObject({ code: "teas.sold_out" });
  });
});

test("a fault that the contract doesn't name is a mistake of ours, and found before production", async () => {
  await expect(server.as().teas.open({ slug: "lost" })).rejects.toMatchObject({ code: "kit.internal" });
});

describe("bytes", () => {
  const signature = {
    "Wechatpay-Signature": "c2lnbmF0dXJl/+==",
    "Wechatpay-Timestamp": "1554208460",
    "Wechatpay-Nonce": "593BEC0C930BF1AFEB40B4A08C8FB242",
    "Wechatpay-Serial": "5157F09EFDC096DE15EBE81A47057A7232F1B8E1",
  };

  test("WeChat Pay's signature headers and the untouched body reach the handler", async () => {
    const body = '{ "id":"EV-1",\r\n  "amount": 1.0, "note":"\\u8336" }\n';
    const { contentType, bytes: answer } = await server.as().teas.notify({
      channel: "native",
      headers: signature,
      bytes: body,
      contentType: "application/json; charset=utf-8",
    });
    expect(contentType).toBe("application/json");
    expect(JSON.parse(Buffer.from(answer).toString())).toEqual({
      channel: "native",
      signed: createHash("sha256").update(body).digest("hex"),
      contentType: "application/json; charset=utf-8",
      ...signature,
    });
  });

  test("a status that the other side's protocol asks for is an answer, a refusal of ours is a problem", async () => {
    const call = (headers: typeof signature) =>
      server.as().teas.notify({ channel: "native", headers, bytes: randomBytes(10), contentType: "text/plain" });
    expect(await call({ ...signature, "Wechatpay-Nonce": "retry" })).toMatchObject({ status: 500 });
    const { "Wechatpay-Serial": _, ...unsigned } = signature;
    await expect(call(unsigned as typeof signature)).rejects.toMatchObject({ code: "kit.invalid_input" });
  });
});

describe("streams", () => {
  test("a download comes as it is made, with its length, type and name", async () => {
    const { contentType, fileName, stream } = await server.as(member).teas.download({ pages: 500 });
    expect({ contentType, fileName }).toEqual({ contentType: "application/x-pages", fileName: "茶单 1.bin" });
    const received = Buffer.from(await new Response(stream).arrayBuffer());
    expect(received.length).toBe(500_000);
    expect(received[499_999]).toBe(499 % 256);
  });

  test("an upload is handed on unread: the handler sees its parts", async () => {
    const content = randomBytes(3_000_000);
    const sha256 = createHash("sha256").update(content).digest("hex");
    const api = server.as(member);
    const whole = await api.teas.upload({ stream: new Blob([content]), contentType: "application/pdf" });
    expect(whole).toMatchObject({ sha256, contentType: "application/pdf" });
    expect(whole.chunks).toBeGreaterThan(5);
    const stream = new Blob([content]).stream();
    expect(await api.teas.upload({ stream, contentType: "text/csv" })).toMatchObject({ sha256 });
  });

  test("an upload that grows past its limit is refused in the middle", async () => {
    let sent = 0;
    const stream = new ReadableStream<Uint8Array>({
      pull: (controller) => {
        sent += 1;
        if (sent > 200) controller.close();
        else controller.enqueue(randomBytes(100_000));
      },
    });
    const refusal = server.as(member).teas.upload({ stream, contentType: "text/csv" });
    await expect(refusal).rejects.toMatchObject({ code: "kit.too_large" });
    expect(sent).toBeLessThan(200);
  });
});

describe("versions", () => {
  test("an ETag goes out, and who has seen it gets 304", async () => {
    const address = `${server.url}/api/teas/1`;
    const first = await fetch(address, { headers: bearer() });
    const tag = first.headers.get("etag")!;
    expect(tag).toMatch(/^"\d+"$/);
    for (const known of [tag, `"old", W/${tag}`, "*"]) {
      const again = await fetch(address, { headers: { ...bearer(), "if-none-match": known } });
      expect([again.status, await again.text()]).toEqual([304, ""]);
    }
  });

  test("a change names the version it is based on: 428 without, 412 for an old one, one of two at once wins", async () => {
    const api = server.as(member);
    const { version } = await api.teas.get({ teaId: "1" });
    const bare = await fetch(`${server.url}/api/teas/1`, {
      method: "PUT",
      body: '{"name":"x"}',
      headers: { ...bearer(), "content-type": "application/json" },
    });
    expect(bare.status).toBe(428);
    const old = api.teas.rename({ teaId: "1", name: "x", ifMatch: version - 1 });
    await expect(old).rejects.toMatchObject({ code: "kit.precondition_failed", problem: { status: 412 } });
    const both = await Promise.allSettled(
      ["a", "b"].map((name) => api.teas.rename({ teaId: "1", name, ifMatch: version })),
    );
    expect(both.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
  });
});

describe("rights", () => {
  test("any one of several permissions is enough, and none is not", async () => {
    for (const token of ["a#teas:read", "b#teas:write"]) {
      expect(await server.as(token).teas.get({ teaId: "1" })).toHaveProperty("name");
    }
    await expect(server.as("c#teas:drink").teas.get({ teaId: "1" })).rejects.toMatchObject({
      problem: { status: 403, details: { permission: "teas:read, teas:write" } },
    });
  });
});

describe("replies", () => {
  test("HEAD answers as GET would, without a body", async () => {
    for (const [path, length] of [
      ["/api/teas/1", null],
      ["/api/catalogue/500", "500000"],
      ["/s/x", null],
    ] as const) {
      const options = { headers: bearer(), redirect: "manual" as const };
      const [got, head] = [
        await fetch(server.url + path, options),
        await fetch(server.url + path, { ...options, method: "HEAD" }),
      ];
      expect([head.status, await head.text()]).toEqual([got.status, ""]);
      for (const name of ["content-type", "etag", "location"]) {
        expect(head.headers.get(name), `${path} ${name}`).toBe(got.headers.get(name));
      }
      if (length !== null) expect(head.headers.get("content-length")).toBe(length);
      await got.body?.cancel();
    }
  });

  test("what the contract doesn't name stays on the server", async () => {
    const text = await (await fetch(`${server.url}/api/teas/1`, { headers: bearer() })).text();
    expect(Object.keys(JSON.parse(text) as object).toSorted()).toEqual(["name", "version"]);
  });
});

test("OpenAPI tells all of it", async () => {
  const document = (await (await fetch(`${server.url}/api/openapi.json`)).json()) as {
    servers: { url: string }[];
    paths: Record<string, Record<string, Record<string, unknown>>>;
  };
  const { paths } = document;
  expect(Object.keys(paths)).toEqual(expect.arrayContaining(["/s/{slug}", "/api/greeting"]));
  expect(paths["/api/greeting"]?.["get"]).toMatchObject({
    "x-effect": "read",
    parameters: [
      { name: "X-Guest", in: "header", required: true },
      { name: "x-cups", in: "header", required: false },
      { name: "visitor", in: "cookie", required: false },
      { $ref: "#/components/parameters/AcceptLanguage" },
    ],
    responses: { 200: { headers: { "X-Served-By": {}, "Set-Cookie": {} } } },
  });
  expect(paths["/s/{slug}"]?.["get"]).toMatchObject({ responses: { 302: { headers: { Location: {} } } } });
  expect(paths["/api/teas/{teaId}"]?.["put"]).toMatchObject({
    parameters: expect.arrayContaining([expect.objectContaining({ name: "If-Match", required: true })]) as unknown[],
    responses: { 200: { headers: { ETag: {} } }, 412: {}, 428: {} },
  });
  expect(paths["/api/teas/{teaId}"]?.["get"]).toMatchObject({ description: "Needs `teas:read` or `teas:write`." });
});
