import { connect as connectSocket } from "node:net";
import { Injectable } from "@nestjs/common";
import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { z } from "zod";
import { byteStream } from "../../contract/body.ts";
import { ProblemShape } from "../../contract/problem-shape.ts";
import { authenticated, publicAccess } from "../../contract/permission.ts";
import { contract, route, type Flat } from "../../contract/route.ts";
import { openKitServer, type KitServer } from "../../testing/server.ts";
import type { Ctx } from "../ctx.ts";
import { defineModule } from "../module.ts";

const kettle = contract("kettle", {
  boil: route.post("/boil/:name", {
    summary: "Waits until nobody waits for it any more",
    access: publicAccess,
    effect: "change",
    params: z.object({ name: z.string() }),
    reply: z.object({}),
  }),
  hurry: route.post("/hurry/:name", {
    summary: "Waits, with a time limit",
    access: publicAccess,
    effect: "change",
    params: z.object({ name: z.string() }),
    reply: z.object({}),
    timeLimitMs: 20,
  }),
  fill: route.post("/fill", {
    summary: "A small body",
    access: authenticated,
    effect: "change",
    body: z.object({ water: z.string() }),
    reply: z.object({}),
    bodyLimitBytes: 1000,
  }),
  drip: route.get("/drip", { summary: "Bytes without an end", access: publicAccess, reply: byteStream }),
  sip: route.get("/sip", {
    summary: "Twice a minute from one address",
    access: publicAccess,
    reply: z.object({}),
    limit: { perMinute: 2, by: "address" },
  }),
  pour: route.post("/pour", {
    summary: "Twice a minute by one account",
    access: authenticated,
    effect: "change",
    reply: z.object({}),
    limit: { perMinute: 2, by: "account" },
  }),
});

/** What the handlers saw, for the tests to wait for. */
class Signals {
  readonly #waiting = new Map<string, PromiseWithResolvers<unknown>>();

  of(name: string): PromiseWithResolvers<unknown> {
    const known = this.#waiting.get(name) ?? Promise.withResolvers<unknown>();
    this.#waiting.set(name, known);
    return known;
  }
}
const began = new Signals();
const ended = new Signals();

@Injectable()
class Kettle {
  async wait(ctx: Ctx, { name }: Flat<typeof kettle.boil>): Promise<void> {
    began.of(name).resolve(undefined);
    await new Promise<void>((resolve) => ctx.signal.addEventListener("abort", () => resolve(), { once: true }));
    ended.of(name).resolve(ctx.signal.reason);
    ctx.signal.throwIfAborted();
  }

  nothing(): void {}

  drip(ctx: Ctx) {
    return { contentType: "text/plain", stream: drops(ctx) };
  }
}

async function* drops(ctx: Ctx): AsyncGenerator<Uint8Array> {
  try {
    while (!ctx.signal.aborted) yield Buffer.alloc(65_536, "drop ");
  } finally {
    ended.of("drip").resolve(undefined);
  }
}

const module = () =>
  defineModule(kettle, {
    services: { kettle: Kettle },
    routes: ({ kettle }) => ({
      boil: kettle.wait,
      hurry: kettle.wait,
      fill: kettle.nothing,
      drip: kettle.drip,
      sip: kettle.nothing,
      pour: kettle.nothing,
    }),
  });

let server: KitServer<{ kettle: typeof kettle }>;
beforeAll(async () => {
  server = await openKitServer(inject("clusterUrl"), { kettle }, { modules: [module()] });
});
afterAll(() => server.close());

/** Writes bytes as they are, and returns what comes back until the connection ends or `until` has come. */
function raw(text: string, until = /\r\n\r\n\{.*\}$/s): Promise<string> {
  const { port, hostname } = new URL(server.url);
  return new Promise((resolve) => {
    const socket = connectSocket(Number(port), hostname, () => socket.write(text));
    let answer = "";
    const done = (): void => {
      socket.destroy();
      resolve(answer);
    };
    socket.on("data", (chunk: Buffer) => {
      answer += chunk.toString();
      if (until.test(answer)) done();
    });
    socket.on("close", done);
  });
}

test("ctx.signal aborts when the client goes away", async () => {
  const aborter = new AbortController();
  const call = server.as().kettle.boil({ name: "gone" }, { signal: aborter.signal });
  await began.of("gone").promise;
  aborter.abort();
  await expect(call).rejects.toThrow(/abort/);
  expect(await ended.of("gone").promise).toMatchObject({ message: "the client went away" });
});

test("a call past its time limit is answered 503, and its handler hears of it", async () => {
  const call = server.as().kettle.hurry({ name: "slow" });
  await expect(call).rejects.toMatchObject({ code: "kit.time_limit_exceeded", problem: { status: 503 } });
  expect(await ended.of("slow").promise).toMatchObject({ code: "kit.time_limit_exceeded" });
});

test("who leaves a download ends it at its source", async () => {
  const { stream } = await server.as().kettle.drip();
  const reader = stream.getReader();
  expect((await reader.read()).value?.length).toBeGreaterThan(0);
  await reader.cancel();
  await ended.of("drip").promise;
  expect((await fetch(`${server.url}/health`)).status).toBe(200);
});

test("a server that closes lets nobody wait: calls under way get 503, downloads break off", async () => {
  const closing = await openKitServer(inject("clusterUrl"), { kettle }, { modules: [module()] });
  const call = closing.as().kettle.boil({ name: "closing" });
  await began.of("closing").promise;
  const [outcome] = await Promise.allSettled([call, closing.close()]);
  expect(outcome).toMatchObject({ status: "rejected", reason: { code: "kit.shutting_down" } });
  expect(await ended.of("closing").promise).toMatchObject({ code: "kit.shutting_down" });
});

test("who may not call is refused at the headers: not a byte of a body of 100 MB is waited for", async () => {
  const head = (authorization: string) =>
    `POST /api/fill HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 104857600\r\n${authorization}\r\n`;
  const refused = await raw(head(""));
  expect(refused).toMatch(/^HTTP\/1\.1 401 /);
  expect(refused).toContain("kit.unauthenticated");
  // Of those who may call, a length beyond the route's limit is refused as early.
  expect(await raw(head("authorization: Bearer mei#\r\n"))).toMatch(/^HTTP\/1\.1 413 /);
});

test("a route has its own body limit, also for a body without a length", async () => {
  const chunk = "a".repeat(900);
  const body = (chunks: number) => `{"water":"${chunk.repeat(chunks)}"}`;
  const send = (text: string) =>
    raw(
      `POST /api/fill HTTP/1.1\r\nhost: x\r\nauthorization: Bearer mei#\r\ncontent-type: application/json\r\n` +
        `transfer-encoding: chunked\r\n\r\n${text.length.toString(16)}\r\n${text}\r\n0\r\n\r\n`,
    );
  expect(await send(body(1))).toMatch(/^HTTP\/1\.1 200 /);
  const refused = await send(body(3));
  expect(refused).toMatch(/^HTTP\/1\.1 413 /);
  expect(refused).toContain('"limitBytes":1000');
});

test("a compressed body is refused: its limit would mean nothing", async () => {
  const response = await fetch(`${server.url}/api/fill`, {
    method: "POST",
    body: "{}",
    headers: { authorization: "Bearer mei#", "content-type": "application/json", "content-encoding": "gzip" },
  });
  expect(response.status).toBe(415);
});

test("a limit by address counts everybody's calls from there, and time frees it", async () => {
  const sip = () => fetch(`${server.url}/api/sip`);
  expect([(await sip()).status, (await sip()).status]).toEqual([200, 200]);
  const refused = await sip();
  expect([refused.status, refused.headers.get("retry-after")]).toEqual([429, "30"]);
  expect(ProblemShape.parse(await refused.json()).code).toBe("kit.too_many_requests");
  server.clock.advance(30_000);
  expect([(await sip()).status, (await sip()).status]).toEqual([200, 429]);
});

test("a limit by account counts each account's own calls", async () => {
  const pour = async (who: string) => {
    const calls = Array.from({ length: 5 }, () => server.as(`${who}#`).kettle.pour());
    const results = await Promise.allSettled(calls);
    return results.filter(({ status }) => status === "fulfilled").length;
  };
  expect([await pour("mei"), await pour("qing")]).toEqual([2, 2]);
});

test("the client renews an expired session and tries once more; no other 401 makes it do so", async () => {
  let token = "late#";
  let renewals = 0;
  const renew = async () => {
    renewals += 1;
    token = "mei#";
    return true;
  };
  const { createClient } = await import("../../contract/client.ts");
  const headers = () => ({ authorization: `Bearer ${token}` });
  const api = createClient({ kettle }, { baseUrl: server.url, headers, renew });
  await api.kettle.fill({ water: "x" });
  expect(renewals).toBe(1);
  token = "nonsense";
  await expect(api.kettle.fill({ water: "x" })).rejects.toMatchObject({ code: "kit.unauthenticated" });
  expect(renewals).toBe(1);
});

test("a connection on which nobody has asked anything doesn't keep a server from closing", async () => {
  const idle = await openKitServer(inject("clusterUrl"), {}, { modules: [], drainMs: 10_000 });
  const accepted = Promise.withResolvers<void>();
  idle.app.getHttpServer().once("connection", () => accepted.resolve());
  const socket = connectSocket(Number(new URL(idle.url).port), "127.0.0.1");
  const ended = new Promise((resolve) => socket.on("close", () => resolve("closed")).on("error", () => {}));
  await accepted.promise;
  await idle.close();
  expect(await ended).toBe("closed");
});
