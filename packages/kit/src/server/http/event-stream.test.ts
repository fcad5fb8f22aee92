import { Injectable } from "@nestjs/common";
import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { z } from "zod";
import { eventStream } from "../../contract/body.ts";
import { permission } from "../../contract/permission.ts";
import { contract, route, type Flat } from "../../contract/route.ts";
import { Instant } from "../../contract/time.ts";
import { openKitServer, type KitServer } from "../../testing/server.ts";
import type { Ctx } from "../ctx.ts";
import { defineModule } from "../module.ts";
import { mostStreams } from "./open-streams.ts";

const read = permission("queue:read", { zh: "看排队", en: "See the queue" }, []);
const queue = contract("queue", {
  watch: route.get("/queue/:shop/events", {
    summary: "Who is next",
    access: read,
    params: z.object({ shop: z.string() }),
    query: z.object({ upTo: z.coerce.number().optional() }),
    reply: eventStream({ called: z.object({ number: z.int(), at: Instant }), closed: z.object({}) }),
  }),
});

const ended = new Map<string, PromiseWithResolvers<string>>();
const endOf = (shop: string): PromiseWithResolvers<string> => {
  const known = ended.get(shop) ?? Promise.withResolvers<string>();
  ended.set(shop, known);
  return known;
};

@Injectable()
class Queue {
  async *watch(ctx: Ctx, { shop, upTo, lastEventId }: Flat<typeof queue.watch>) {
    try {
      const last = upTo ?? Number.POSITIVE_INFINITY;
      for (let number = Number(lastEventId ?? 0) + 1; number <= last && !ctx.signal.aborted; number++) {
        const data = { number, at: new Date(1_900_000_000_000 + number), secret: "sealed" };
        yield { event: "called" as const, id: String(number), data };
        // Quiet after the third, until somebody leaves.
        if (upTo === undefined && number >= 3) await (shop === "deaf" ? never() : aborted(ctx.signal));
      }
      if (upTo !== undefined) yield { event: "closed" as const, data: {} };
    } finally {
      endOf(shop).resolve(ctx.signal.aborted ? "aborted" : "finished");
    }
  }
}

function never(): Promise<never> {
  return new Promise(() => {});
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener("abort", () => resolve(), { once: true });
  });
}

const module = () =>
  defineModule(queue, { services: { queue: Queue }, routes: ({ queue }) => ({ watch: queue.watch }) });
const listener = "mei#queue:read";
let server: KitServer<{ queue: typeof queue }>;

beforeAll(async () => {
  server = await openKitServer(inject("clusterUrl"), { queue }, { modules: [module()], heartbeatMs: 5 });
});
afterAll(() => server.close());

test("events arrive typed and stripped, and the loop ends with the handler", async () => {
  const seen: string[] = [];
  for await (const { event, data, id } of server.as(listener).queue.watch({ shop: "a", upTo: 3 })) {
    seen.push(event === "called" ? `${id} ${data.number} ${Object.keys(data).join()}` : event);
  }
  expect(seen).toEqual(["1 1 number,at", "2 2 number,at", "3 3 number,at", "closed"]);
  expect(await endOf("a").promise).toBe("finished");
});

test("who comes back says which event was the last", async () => {
  const events = server.as(listener).queue.watch({ shop: "b", upTo: 4 }, { lastEventId: "2" });
  const ids = [];
  for await (const { id } of events) ids.push(id);
  expect(ids).toEqual(["3", "4", undefined]);
});

test("leaving the loop ends it on the server", async () => {
  for await (const { id } of server.as(listener).queue.watch({ shop: "c" })) if (id === "3") break;
  expect(await endOf("c").promise).toBe("aborted");
});

test("a stream that is quiet shows that it lives", async () => {
  const response = await fetch(`${server.url}/api/queue/d/events`, {
    headers: { authorization: `Bearer ${listener}` },
  });
  expect(response.headers.get("content-type")).toBe("text/event-stream");
  expect(response.headers.get("cache-control")).toBe("no-store");
  const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  while (!text.endsWith("\n\n:\n\n:\n\n")) text += (await reader.read()).value ?? "";
  expect(text).toMatch(/^retry: \d+\n\nid: 1\nevent: called\ndata: \{"number":1,/);
  await reader.cancel();
  expect(await endOf("d").promise).toBe("aborted");
});

test("who may not listen gets a problem, and HEAD begins nothing", async () => {
  const events = server.as("qing#").queue.watch({ shop: "e" });
  await expect(events[Symbol.asyncIterator]().next()).rejects.toMatchObject({ code: "kit.forbidden" });
  const headers = { authorization: `Bearer ${listener}` };
  const head = await fetch(`${server.url}/api/queue/e/events`, { method: "HEAD", headers });
  expect([head.status, head.headers.get("content-type")]).toEqual([200, "text/event-stream"]);
  expect(ended.has("e")).toBe(false);
});

test("whose session ends, or who loses the right, hears no more", async () => {
  const seen = [];
  for await (const { id } of server.as("gone#queue:read").queue.watch({ shop: "g" })) {
    seen.push(id);
    if (id === "3") server.revoke("gone");
  }
  expect(seen).toEqual(["1", "2", "3"]);
  expect(await endOf("g").promise).toBe("aborted");
});

test("whoever goes away before they are known isn't asked for ever whether they may listen", async () => {
  const stop = new AbortController();
  const headers = { authorization: "Bearer slow#queue:read" };
  const gone = fetch(`${server.url}/api/queue/s/events`, { headers, signal: stop.signal });
  await expect.poll(() => server.asked("slow")).toBe(1);
  stop.abort();
  await expect(gone).rejects.toThrow();
  // Many heartbeats.
  await new Promise((resolve) => setTimeout(resolve, 300));
  expect(server.asked("slow")).toBe(1);
});

test("one account has so many streams at once, others have theirs, and one that is closed makes room", async () => {
  const open = async (who: string) => {
    const stop = new AbortController();
    const headers = { authorization: `Bearer ${who}#queue:read`, "accept-language": "en" };
    const { status } = await fetch(`${server.url}/api/queue/m/events`, { headers, signal: stop.signal });
    return { status, close: () => stop.abort() };
  };
  const streams = await Promise.all(Array.from({ length: mostStreams + 5 }, () => open("busy")));
  expect(streams.filter(({ status }) => status === 200)).toHaveLength(mostStreams);
  expect(streams.filter(({ status }) => status === 429)).toHaveLength(5);
  expect((await open("other")).status).toBe(200);
  streams.find(({ status }) => status === 200)?.close();
  await expect.poll(async () => (await open("busy")).status).toBe(200);
  expect((await open("busy")).status).toBe(429);
});

test("a handler that doesn't hear of the end can't keep the server from closing", async () => {
  const closing = await openKitServer(inject("clusterUrl"), { queue }, { modules: [module()] });
  let closed: Promise<void> | undefined;
  const events = closing.as(listener).queue.watch({ shop: "deaf" });
  for await (const { id } of events) if (id === "3") closed = closing.close();
  await closed;
  expect(closed).toBeDefined();
});

test("a server that closes ends its streams at once, and properly: the listener's loop is over", async () => {
  const closing = await openKitServer(inject("clusterUrl"), { queue }, { modules: [module()] });
  let closed: Promise<void> | undefined;
  for await (const { id } of closing.as(listener).queue.watch({ shop: "f" })) if (id === "3") closed = closing.close();
  await closed;
  expect(await endOf("f").promise).toBe("aborted");
});
