import { expect, expectTypeOf, test } from "vitest";
import { z } from "zod";
import { bytes, byteStream, eventStream, multipart, redirect, type UploadedFile } from "./body.ts";
import type { EntityTag } from "./entity-tag.ts";
import { anyOf, authenticated, permission, permissionsOf, publicAccess } from "./permission.ts";
import { contract, moduleOf, pathOf, route, type Flat, type Out } from "./route.ts";

const reply = z.object({});
const summary = "A route of the tests";
const put = route.put("/shelves/:shelfId/teas", {
  summary: "Put a tea on a shelf",
  access: publicAccess,
  effect: "change",
  params: z.object({ shelfId: z.string() }),
  query: z.object({ dryRun: z.stringbool().default(false) }),
  body: z.object({ name: z.string().transform((name) => name.trim()) }),
  reply: z.object({ id: z.string() }),
});

test("a handler is given what was parsed, flat, and must return what the reply is made of", () => {
  expectTypeOf<Flat<typeof put>>().toEqualTypeOf<{ shelfId: string; dryRun: boolean; name: string }>();
  expectTypeOf<Out<typeof put>>().toEqualTypeOf<{ id: string }>();
  const made = contract("teas", { put });
  expect([made.put.id, made.put.effect, moduleOf(made), pathOf(made.put)]).toEqual([
    "teas.put",
    "change",
    "teas",
    "/api/shelves/:shelfId/teas",
  ]);
});

test("headers, cookies, versions and what isn't JSON have their types", () => {
  const form = route.post("/forms", {
    summary,
    access: authenticated,
    effect: "change",
    headers: z.object({ "X-Shop": z.string() }),
    cookies: z.object({ visitor: z.string().optional() }),
    body: multipart({
      fields: z.object({ n: z.coerce.number() }),
      files: { a: { maxBytes: 1 }, b: { maxBytes: 1, optional: true } },
    }),
    reply: redirect,
    sets: { cookies: { visitor: {} } },
    ifMatch: true,
  });
  expectTypeOf<Flat<typeof form>>().toEqualTypeOf<{
    n: number;
    a: UploadedFile;
    b: UploadedFile | undefined;
    headers: { "X-Shop": string };
    cookies: { visitor?: string | undefined };
    ifMatch: EntityTag;
  }>();
  expectTypeOf<Out<typeof form>["cookies"]>().toEqualTypeOf<{ readonly visitor?: string | null }>();
  const pipe = route.post("/pipe", { summary, access: publicAccess, effect: "read", body: byteStream, reply: bytes });
  expectTypeOf<Flat<typeof pipe>>().toEqualTypeOf<{ stream: AsyncIterable<Uint8Array>; contentType: string }>();
  const watch = route.get("/watch", {
    summary,
    access: publicAccess,
    reply: eventStream({ tick: z.object({ n: z.int() }) }),
  });
  expectTypeOf<Flat<typeof watch>>().toEqualTypeOf<{ lastEventId: string | undefined }>();
  expectTypeOf<Out<typeof watch>>().toEqualTypeOf<
    AsyncIterable<{ readonly event: "tick"; readonly data: { n: number }; readonly id?: string }>
  >();
  expect(watch.effect).toBe("read");
});

test("what a route can't be is refused by the compiler", () => {
  const common = { summary, access: publicAccess, reply } as const;
  // @ts-expect-error a change says what it does to the world
  route.post("/teas", common);
  // @ts-expect-error a GET only reads
  route.get("/teas", { ...common, effect: "change" });
  // @ts-expect-error a misspelt key would never take effect
  route.get("/teas", { summary, access: publicAccess, reply, limits: { perMinute: 1, by: "address" } });
  // @ts-expect-error there is no such effect
  route.post("/teas", { ...common, effect: "wonders" });
  expect(common.access).toBe("public");
});

test.each<[what: string, make: () => object, message: RegExp]>([
  [
    "a path with a field that the params lack",
    () => ({ a: route.get("/teas/:teaId", { summary, access: publicAccess, reply }) }),
    /\[teaId\].*\[\]/,
  ],
  [
    "params that the path lacks",
    () => ({
      a: route.get("/teas", { summary, access: publicAccess, params: z.object({ teaId: z.string() }), reply }),
    }),
    /\[\].*\[teaId\]/,
  ],
  [
    "a field in two parts: the client takes them flat",
    () => ({ a: { ...put, body: z.object({ shelfId: z.string() }) } }),
    /shelfId stands in two parts/,
  ],
  [
    "a field with a name that stands for something else",
    () => ({ a: { ...put, body: z.object({ headers: z.string() }) } }),
    /can't be called headers/,
  ],
  ["a GET that isn't a read", () => ({ a: { ...put, method: "get" } }), /only reads/],
  ["keys that nobody's account keeps", () => ({ a: { ...put, idempotent: true } }), /needs an account/],
  [
    "a stream that is to be kept and sent again",
    () => ({ a: { ...put, access: authenticated, idempotent: true, reply: byteStream } }),
    /JSON both ways/,
  ],
  [
    "a limit by account where nobody signs in",
    () => ({ a: { ...put, limit: { perMinute: 1, by: "account" } } }),
    /nobody signs in/,
  ],
  ["a version that the reply lacks", () => ({ a: { ...put, etag: "version" } }), /no field version/],
])("%s is refused when the contract is made", (_, make, message) => {
  expect(() => contract("teas", make() as { a: typeof put })).toThrow(message);
});

test("what a route asks for is one permission, or any of several", () => {
  const [see, change] = [
    permission("teas:read", { zh: "", en: "" }, []),
    permission("teas:write", { zh: "", en: "" }, []),
  ];
  expect(permissionsOf(anyOf(see, change))).toEqual([see, change]);
  expect([permissionsOf(see), permissionsOf(publicAccess), permissionsOf(authenticated)]).toEqual([[see], [], []]);
});
