import { expect, test } from "vitest";
import { z } from "zod";
import { bytes, eventStream, isJson, multipart, redirect } from "./body.ts";
import { createClient } from "./client.ts";
import { dataOf } from "./data.ts";
import { fault } from "./fault.ts";
import { Id } from "./ids.ts";
import { newId } from "./new-id.ts";
import { authenticated, permission } from "./permission.ts";
import { ProblemShape } from "./problem-shape.ts";
import { problemOf } from "./problem.ts";
import { contract, fieldsOf, route } from "./route.ts";
import { schemaOf } from "./schema.ts";
import { Instant } from "./time.ts";

const read = permission("teas:read", { zh: "查看", en: "See" }, ["operator"]);
const soldOut = fault("teas.sold_out", 409, { zh: "售罄", en: "Sold out" });
const Name = z
  .string()
  .trim()
  .min(1)
  .max(60)
  .meta({ field: { zh: "名称", en: "Name" }, id: "TeaName" });
const common = { access: read, summary: "A route of the tests" } as const;

const teas = contract("teas", {
  list: route.get("/teas/:shelfId", {
    ...common,
    params: z.object({ shelfId: Id }),
    query: z.object({ search: z.string().optional(), limit: z.coerce.number().int().default(50) }),
    reply: z.object({ items: z.array(z.object({ name: Name, at: Instant })) }),
  }),
  create: route.post("/teas", {
    ...common,
    effect: "change",
    idempotent: true,
    body: z.object({ name: Name, price: z.int(), until: Instant.nullable() }),
    reply: z.object({ version: z.int() }),
    etag: "version",
    faults: [soldOut],
  }),
  rename: route.put("/teas/:teaId", {
    ...common,
    effect: "change",
    ifMatch: true,
    params: z.object({ teaId: z.string() }),
    body: z.object({ name: Name }),
    reply: z.object({}),
    sets: { headers: z.object({ "x-left": z.coerce.number() }) },
  }),
  picture: route.post("/pictures", {
    ...common,
    access: authenticated,
    effect: "change",
    body: multipart({ fields: z.object({ title: z.string() }), files: { file: { maxBytes: 10 } } }),
    reply: bytes,
  }),
  open: route.get("/o", { ...common, root: true, reply: redirect }),
  watch: route.get("/watch", { ...common, reply: eventStream({ poured: z.object({ cups: z.int() }) }) }),
});
/** As the browser has it: through JSON, so nothing but data can have survived. */
const asData = JSON.parse(JSON.stringify(dataOf(teas))) as typeof teas;

interface Sent {
  readonly url: string;
  readonly method: string | undefined;
  readonly headers: unknown;
  readonly body: unknown;
}

/** What every kind of call sends, and what it makes of the answers. */
async function callAll(contracts: { readonly teas: typeof teas }): Promise<{ sent: Sent[]; got: unknown[] }> {
  const sent: Sent[] = [];
  const answers = [
    Response.json({ items: [{ name: "青", at: "2026-11-24T00:00:00.000Z" }] }),
    Response.json({ version: 3 }),
    Response.json({}, { headers: { "x-left": "7" } }),
    new Response("png", { headers: { "content-type": "image/png" } }),
    new Response(null, { status: 302, headers: { location: "/there" } }),
    new Response('event: poured\ndata: {"cups":2}\n\nevent: other\ndata: {}\n\n'),
  ];
  const { teas: api } = createClient(contracts, {
    baseUrl: "",
    fetch: async (url, init) => {
      if (typeof url !== "string") throw new TypeError("the client sends addresses as text");
      const body = init?.body instanceof FormData ? [...init.body.keys()] : init?.body;
      sent.push({ url: url, method: init?.method, headers: init?.headers, body });
      return answers[sent.length - 1] ?? Response.error();
    },
  });
  const id = newId(new Date(0));
  const name = "龙井";
  const got: unknown[] = [
    await api.list({ shelfId: id, search: "龙 井", limit: 3 }),
    await api.create({ name, price: 1, until: null }, { idempotencyKey: "k" }),
    (await api.rename({ teaId: "a/b", name, ifMatch: 3 })).body,
    await api.picture({ title: "t", file: new Blob(["x"]) }),
    await api.open(),
  ];
  for await (const event of api.watch()) got.push(event);
  const same = sent.map((each) => ({ ...each, url: each.url.replace(id, "<id>") }));
  return { sent: same, got };
}

test("a call sends and gets the same, whether its contract is zod or data", async () => {
  const [zod, data] = [await callAll({ teas }), await callAll({ teas: asData })];
  expect(zod.sent).toHaveLength(6);
  expect(zod.got).toHaveLength(6);
  expect(data).toEqual(zod);
});

test("a route keeps what callers, lists and forms need, and leaves what only the server reads", () => {
  expect(asData.create).toEqual({
    id: "teas.create",
    method: "post",
    path: "/teas",
    access: { code: "teas:read", text: { zh: "查看", en: "See" }, grantedTo: ["operator"] },
    effect: "change",
    idempotent: true,
    etag: "version",
    body: {
      type: "object",
      properties: {
        name: { $ref: "#/$defs/TeaName" },
        price: { type: "integer" },
        until: expect.objectContaining({ anyOf: expect.anything() }),
      },
      required: ["name", "price", "until"],
      $defs: { TeaName: expect.objectContaining({ maxLength: 60, field: { zh: "名称", en: "Name" } }) },
    },
    reply: { kind: "json" },
  });
  expect(asData.watch.reply).toEqual({ kind: "events", events: { poured: {} } });
  expect(asData.open).toMatchObject({ root: true, reply: { kind: "redirect" } });
  const listed = { ...teas.list, list: { noun: { en: "tea" }, item: z.object({ name: Name }), count: () => 1 } };
  expect(dataOf({ listed })).toMatchObject({
    listed: { list: { noun: { en: "tea" }, item: { properties: { name: {} } } } },
  });
});

test("fields are found in either form", () => {
  expect(fieldsOf(asData.list.query)).toEqual(["search", "limit"]);
  for (const key of Object.keys(teas) as (keyof typeof teas)[]) {
    const [zod, data] = [teas[key], asData[key]] as { query?: z.ZodObject; body?: z.ZodObject; reply: z.ZodType }[];
    expect(fieldsOf(data?.query), key).toEqual(fieldsOf(zod?.query));
    expect(fieldsOf(data?.body), key).toEqual(fieldsOf(zod?.body));
    expect(isJson(data?.reply), key).toBe(isJson(zod?.reply));
  }
});

test("a schema is the same from zod and from data, without what says nothing", () => {
  const body = schemaOf(teas.create.body);
  expect(schemaOf(asData.create.body)).toEqual(JSON.parse(JSON.stringify(body)));
  const odd = z.object({ minimum: z.int(), id: Id, given: z.record(z.string(), z.int()).default({ $schema: 1 }) });
  expect(schemaOf(odd)).toEqual({
    type: "object",
    properties: {
      minimum: { type: "integer" },
      id: { type: "string", format: "uuid" },
      given: expect.objectContaining({ additionalProperties: { type: "integer" }, default: { $schema: 1 } }),
    },
    required: ["minimum", "id"],
  });
});

test("every other export has its own form", () => {
  expect(dataOf(z.enum(["a", "b"]))).toEqual({ options: ["a", "b"] });
  expect(dataOf(soldOut)).toEqual({
    code: "teas.sold_out",
    status: 409,
    errno: undefined,
    text: { zh: "售罄", en: "Sold out" },
    isOutcomeUnknown: false,
    isPassing: false,
  });
  expect(dataOf(() => 1)).toBeUndefined();
  expect(dataOf({ limit: 600, of: ["a"] })).toEqual({ limit: 600, of: ["a"] });
  expect(() => dataOf({ a: new Map() })).toThrow("Map is no data");
  const routes = dataOf(teas, (value) => (value === read ? "teaRead" : undefined)) as Record<
    string,
    { access: unknown }
  >;
  expect(routes["list"]?.access).toBe("teaRead");
});

test("the client takes for a problem what is one by its shape", async () => {
  const problem = { type: "about:blank", title: "t", status: 409, detail: "d", code: "teas.sold_out", traceId: "" };
  for (const given of [problem, { ...problem, status: "409" }, { ...problem, code: undefined }, null, [], "x"]) {
    const found = await problemOf(Response.json(given));
    expect(found.code !== "kit.unknown").toBe(ProblemShape.safeParse(given).success);
  }
});
