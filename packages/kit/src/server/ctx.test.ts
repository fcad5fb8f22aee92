import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { z } from "zod";
import { event } from "../contract/event.ts";
import { newId } from "../contract/ids.ts";
import { openRuntime, type OpenRuntime } from "../testing/runtime.ts";
import type { Ctx, TxCtx } from "./ctx.ts";

const poured = event("tea.poured.v1", z.object({}));
let open: OpenRuntime;
let outer: Ctx;

beforeAll(async () => {
  open = await openRuntime(inject("clusterUrl"));
  await open.runtime.start({ work: false });
  outer = open.runtime.ctx(newId(open.clock.now()));
});
afterAll(() => open.close());

test("the outer ctx can't be used while a transaction is open, and can again afterwards", async () => {
  await outer.tx(async () => {
    expect(() => outer.db).toThrow(/use the ctx that tx\(\) handed in/);
    await expect(outer.tx(async () => {})).rejects.toThrow(/outer ctx/);
  });
  expect(await outer.db.selectFrom("kit_event").select("id").execute()).toEqual([]);
});

test("nor its db or a query, taken before: both would run beside the transaction", async () => {
  const { db } = outer;
  const query = db.selectFrom("kit_event").select("id");
  await outer.tx(async () => {
    await expect(query.execute()).rejects.toThrow(/use the ctx that tx\(\) handed in/);
    await expect(db.selectFrom("kit_event").select("id").execute()).rejects.toThrow(/handed in/);
  });
  expect(await query.execute()).toEqual([]);
});

test("the same holds in an event's handler, and for queries across tenants", async () => {
  const caught: string[] = [];
  const attempt = async (what: () => unknown): Promise<void> => {
    await Promise.resolve()
      .then(what)
      .catch((error: unknown) => caught.push(error instanceof Error ? error.message : String(error)));
  };
  open.runtime.on(poured, "tea.slip", async () => {
    await attempt(() => outer.db);
    await attempt(() => open.runtime.unscopedDb());
  });
  const { runtime } = open;
  await runtime.registerSubscriptions();
  await outer.tx((ctx) => ctx.emit(poured, {}));
  await runtime.runUntilIdle();
  expect(caught).toEqual([expect.stringContaining("ctx.db"), expect.stringContaining("unscopedDb()")]);
  await open.db.deleteFrom("kit_event").execute();
});

test("a ctx that outlives its transaction is refused", async () => {
  let leaked: TxCtx | undefined;
  await outer.tx(async (ctx) => {
    leaked = ctx;
  });
  expect(() => leaked?.db).toThrow(/transaction that is over/);
  await expect(leaked?.emit(poured, {})).rejects.toThrow(/transaction that is over/);
});

test("a transaction inside a transaction is the same one", async () => {
  const failing = outer.tx(async (ctx) => {
    await ctx.tx((inner) => inner.emit(poured, {}));
    throw new Error("no");
  });
  await expect(failing).rejects.toThrow("no");
  expect(await outer.db.selectFrom("kit_event").select("id").execute()).toEqual([]);
});

test("only the outermost transaction says how it is isolated, and how often it may run again", async () => {
  await outer.tx(async (ctx) => {
    // @ts-expect-error: what it asks for couldn't be had
    await expect(ctx.tx(async () => 1, { isolation: "serializable" })).rejects.toThrow(/the outermost transaction's/);
    // A method that is given a transaction as a `Ctx` compiles, so it is told when it runs.
    const unknowing: Ctx = ctx;
    await expect(unknowing.tx(async () => 1, { retries: 5 })).rejects.toThrow(/the outermost transaction's/);
    expect(await ctx.tx(async () => 1)).toBe(1);
  });
});

test("transactions of two requests at once don't know of each other", async () => {
  const [a, b] = [newId(open.clock.now()), newId(open.clock.now())].map((id) => open.runtime.ctx(id));
  await Promise.all([a, b].map((ctx) => ctx!.tx((inner) => inner.emit(poured, {}))));
  for (const ctx of [a, b])
    expect(await ctx!.db.selectFrom("kit_event").select("tenantId").execute()).toEqual([{ tenantId: ctx!.tenantId }]);
});
