import { Injectable } from "@nestjs/common";
import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { z } from "zod";
import { fault } from "../../contract/fault.ts";
import { conflict } from "../../contract/faults.ts";
import { newId } from "../../contract/ids.ts";
import { authenticated } from "../../contract/permission.ts";
import { contract, route, type Flat } from "../../contract/route.ts";
import { openKitServer, type KitServer } from "../../testing/server.ts";
import type { Ctx } from "../ctx.ts";
import { defineModule } from "../module.ts";

const lostInThePost = fault(
  "orders.lost_in_the_post",
  502,
  { zh: "对方没有回答", en: "The other side didn't answer" },
  { isOutcomeUnknown: true },
);

const orders = contract("orders", {
  place: route.post("/orders", {
    summary: "Places an order, once",
    access: authenticated,
    effect: "spend",
    body: z.object({ tea: z.string(), wait: z.boolean().default(false) }),
    reply: z.object({ orderId: z.string(), pickUpCode: z.string() }),
    sets: { headers: z.object({ "X-Queue": z.string() }) },
    faults: [conflict, lostInThePost],
    idempotent: true,
    timeLimitMs: 60_000,
  }),
  hurry: route.post("/hurried-orders", {
    summary: "Places an order, and takes longer than it may",
    access: authenticated,
    effect: "spend",
    body: z.object({ tea: z.string() }),
    reply: z.object({}),
    idempotent: true,
    timeLimitMs: 100,
  }),
  amend: route.put("/orders/:orderId", {
    summary: "Changes an order, of a version that one has seen",
    access: authenticated,
    effect: "change",
    params: z.object({ orderId: z.string() }),
    reply: z.object({}),
    idempotent: true,
    ifMatch: true,
  }),
});

const placed: string[] = [];
let gate = Promise.withResolvers<void>();

@Injectable()
class Orders {
  async place(ctx: Ctx, { tea, wait }: Flat<typeof orders.place>) {
    if (tea === "sold out") throw conflict();
    placed.push(tea);
    if (tea === "in the post") throw lostInThePost();
    if (tea === "spilt") throw new Error("the cup fell");
    if (wait) await Promise.race([gate.promise, aborted(ctx.signal)]);
    ctx.signal.throwIfAborted();
    const body = { orderId: String(placed.length), pickUpCode: `secret of ${tea}` };
    return { body, headers: { "X-Queue": "7" } };
  }

  async hurry(ctx: Ctx, { tea }: Flat<typeof orders.hurry>) {
    placed.push(tea);
    await aborted(ctx.signal);
    ctx.signal.throwIfAborted();
    return {};
  }

  amend = async (_ctx: Ctx, { ifMatch }: Flat<typeof orders.amend>) => {
    ifMatch.demand(1);
    return {};
  };
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
}

let server: KitServer<{ orders: typeof orders }>;
beforeAll(async () => {
  const module = defineModule(orders, {
    services: { orders: Orders },
    routes: ({ orders }) => ({ place: orders.place, hurry: orders.hurry, amend: orders.amend }),
  });
  server = await openKitServer(inject("clusterUrl"), { orders }, { modules: [module] });
});
afterAll(() => server.close());

const place = (tea: string, idempotencyKey?: string, who = "mei#") =>
  server.as(who).orders.place({ tea }, idempotencyKey === undefined ? {} : { idempotencyKey });
const times = (tea: string) => placed.filter((each) => each === tea).length;

test("of two equal calls at once one works, four hundred times over; the other gets its reply, or is told to wait", async () => {
  const codes = new Set<string>();
  for (let round = 0; round < 400; round++) {
    const tea = `tea ${round}`;
    const key = newId(new Date());
    const results = await Promise.allSettled([place(tea, key), place(tea, key)]);
    const replies = results.flatMap((each) => (each.status === "fulfilled" ? [each.value.body] : []));
    const refusals = results.flatMap((each) =>
      each.status === "rejected" ? [(each.reason as { code: string }).code] : [],
    );
    for (const code of refusals) codes.add(code);
    expect(replies.length).toBeGreaterThan(0);
    const later = await place(tea, key);
    expect(new Set([...replies, later.body].map(({ orderId }) => orderId)).size).toBe(1);
    expect(times(tea)).toBe(1);
  }
  expect([...codes].filter((code) => code !== "kit.idempotency_in_progress")).toEqual([]);
});

test("a repeated call gets the first one's reply, headers too, and says so", async () => {
  const send = () =>
    fetch(`${server.url}/api/orders`, {
      method: "POST",
      body: '{"tea":"white"}',
      headers: { authorization: "Bearer mei#", "content-type": "application/json", "idempotency-key": "white-1" },
    });
  const [first, again] = [await send(), await send()];
  expect([first.headers.get("idempotency-replayed"), again.headers.get("idempotency-replayed")]).toEqual([
    null,
    "true",
  ]);
  expect(await again.json()).toEqual(await first.json());
  expect([again.headers.get("x-queue"), again.headers.get("content-type")]).toEqual([
    "7",
    "application/json; charset=utf-8",
  ]);
});

test("without a key it is refused; the typed client brings one of its own for each call", async () => {
  const headers = { authorization: "Bearer mei#", "content-type": "application/json" };
  const bare = await fetch(`${server.url}/api/orders`, { method: "POST", body: '{"tea":"green"}', headers });
  expect([bare.status, ((await bare.json()) as { code: string }).code]).toEqual([400, "kit.idempotency_key_missing"]);
  await place("green");
  await place("green");
  expect(times("green")).toBe(2);
});

test("a key is an account's own, and good for one request", async () => {
  await place("red", "key-1");
  await expect(place("black", "key-1")).rejects.toMatchObject({
    code: "kit.idempotency_key_reused",
    problem: { status: 422 },
  });
  await place("black", "key-1", "qing#");
  expect([times("red"), times("black")]).toEqual([1, 1]);
});

test("while the first call runs, the second is told so; when it is done it gets the reply", async () => {
  gate = Promise.withResolvers<void>();
  const input = { tea: "pu'er", wait: true };
  const call = () => server.as("mei#").orders.place(input, { idempotencyKey: "slow" });
  const first = call();
  const early = call();
  // Whichever came first waits at the gate; the other one is answered.
  const refusal = await Promise.race(
    [first, early].map((each) =>
      each.then(
        () => undefined,
        (error: unknown) => error,
      ),
    ),
  );
  expect(refusal).toMatchObject({ code: "kit.idempotency_in_progress", problem: { status: 409 } });
  gate.resolve();
  await Promise.allSettled([first, early]);
  expect(await call()).toMatchObject({ body: { pickUpCode: "secret of pu'er" } });
  expect(times("pu'er")).toBe(1);
});

test("a client that goes away comes back for the reply: the work isn't given up", async () => {
  gate = Promise.withResolvers<void>();
  const aborter = new AbortController();
  const call = (signal?: AbortSignal) =>
    server
      .as("mei#")
      .orders.place(
        { tea: "left alone", wait: true },
        { idempotencyKey: "left", ...(signal === undefined ? {} : { signal }) },
      );
  const first = call(aborter.signal);
  await expect.poll(() => times("left alone")).toBe(1);
  aborter.abort();
  await expect(first).rejects.toThrow(/abort/);
  gate.resolve();
  await expect
    .poll(() =>
      call().then(
        ({ body }) => body.pickUpCode,
        () => "",
      ),
    )
    .toBe("secret of left alone");
  expect(times("left alone")).toBe(1);
});

test("what was refused did nothing, so its key is free; what broke off is not run again", async () => {
  await expect(place("sold out", "k")).rejects.toMatchObject({ code: "kit.conflict" });
  await place("back again", "k");
  await expect(place("spilt", "s")).rejects.toMatchObject({ code: "kit.internal" });
  await expect(place("spilt", "s")).rejects.toMatchObject({ code: "kit.idempotency_unknown" });
  expect(times("spilt")).toBe(1);
  await expect(place("in the post", "p")).rejects.toMatchObject({ code: "orders.lost_in_the_post" });
  await expect(place("in the post", "p")).rejects.toMatchObject({ code: "kit.idempotency_unknown" });
  expect(times("in the post")).toBe(1);
});

test("what its time limit cut off in the middle is not run again, though it ends with a fault", async () => {
  const hurry = () => server.as("mei#").orders.hurry({ tea: "hasty" }, { idempotencyKey: "hasty" });
  await expect(hurry()).rejects.toMatchObject({ code: "kit.time_limit_exceeded" });
  await expect.poll(async () => hurry().catch(({ code }: { code: string }) => code)).toBe("kit.idempotency_unknown");
  expect(times("hasty")).toBe(1);
});

test("a key is good for one version of what is changed", async () => {
  const amend = async (tag: string): Promise<number> => {
    const headers = { authorization: "Bearer mei#", "idempotency-key": "amend", "if-match": tag };
    return (await fetch(`${server.url}/api/orders/7`, { method: "PUT", headers })).status;
  };
  expect([await amend('"1"'), await amend('"1"'), await amend('"2"')]).toEqual([200, 200, 422]);
});

test("a call whose process died is unknown once its time is over, and a day later the key is forgotten", async () => {
  gate = Promise.withResolvers<void>();
  const lost = server.as("mei#").orders.place({ tea: "lost", wait: true }, { idempotencyKey: "lost" });
  await expect.poll(() => times("lost")).toBe(1);
  server.clock.advance(121_000);
  const again = () => server.as("mei#").orders.place({ tea: "lost", wait: true }, { idempotencyKey: "lost" });
  await expect(again()).rejects.toMatchObject({ code: "kit.idempotency_unknown" });
  gate.resolve();
  await lost;
  server.clock.advance(86_400_000);
  await server.runtime.runSchedule("kit.prune_idempotency");
  await again();
  expect(times("lost")).toBe(2);
});

test("a reply is kept sealed", async () => {
  await place("sealed", "sealed");
  const rows = await server.runtime.ownerTransaction((trx) =>
    trx.query<{ reply_sealed: string }>("SELECT reply_sealed FROM kit_idempotency WHERE key = 'sealed'"),
  );
  expect(rows).toHaveLength(1);
  expect(rows[0]?.reply_sealed).not.toContain("secret");
});
