import { expect, expectTypeOf, test } from "vitest";
import { z } from "zod";
import { publicAccess } from "./permission.ts";
import { contract, route, type In, type Out } from "./route.ts";

const put = route.put("/shelves/:shelfId/teas", {
  summary: "Put a tea on a shelf",
  access: publicAccess,
  params: z.object({ shelfId: z.string() }),
  query: z.object({ dryRun: z.stringbool().default(false) }),
  body: z.object({ name: z.string().transform((name) => name.trim()) }),
  reply: z.object({ id: z.string() }),
});

test("a handler is given what was parsed, and must return what the reply is made of", () => {
  expectTypeOf<In<typeof put>>().toEqualTypeOf<{
    params: { shelfId: string };
    query: { dryRun: boolean };
    body: { name: string };
  }>();
  expectTypeOf<Out<typeof put>>().toEqualTypeOf<{ id: string }>();
  expect(contract("teas", { put }).put.id).toBe("teas.put");
});

test("a path that names a field the params don't have is refused when the contract is made, and the other way round", () => {
  const reply = z.object({});
  const missing = route.get("/teas/:teaId", { summary: "", access: publicAccess, reply });
  const extra = route.get("/teas", {
    summary: "",
    access: publicAccess,
    params: z.object({ teaId: z.string() }),
    reply,
  });
  expect(() => contract("teas", { missing })).toThrow(/teas\.missing.*\[teaId\].*\[\]/);
  expect(() => contract("teas", { extra })).toThrow(/teas\.extra/);
});

test("a field that two parts of a request share is refused: the client takes them flat", () => {
  const shared = { ...put, body: z.object({ shelfId: z.string() }) };
  expect(() => contract("teas", { shared })).toThrow(/shelfId stands in two parts/);
});
