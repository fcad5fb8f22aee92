import { event } from "@zhanggui/kit/contract/event";
import { newId } from "@zhanggui/kit/contract/ids";
import type { PublishedEvent } from "@zhanggui/kit/server/events";
import { Relay } from "@zhanggui/server/foundation/webhooks/relay";
import { openTestServer, type TestServer } from "@zhanggui/server/testing/test-server";
import { type AsyncMessage, Connection } from "rabbitmq-client";
import { afterAll, afterEach, beforeAll, describe, expect, inject, test } from "vitest";
import { z } from "zod";
import { patient } from "../setup/patience.ts";
import { newRabbit, type Rabbit, whyNoRabbit } from "../setup/rabbitmq.ts";

const poured = event("tea.poured.v1", z.object({ pot: z.string(), n: z.int() }), { key: ({ pot }) => pot });
const exchange = "zhanggui.events";
const patience = { timeout: patient(60_000), interval: 50 };

describe.skipIf(whyNoRabbit !== undefined)(`a relay to RabbitMQ${whyNoRabbit ? `: ${whyNoRabbit}` : ""}`, () => {
  let rabbit: Rabbit;
  let server: TestServer;
  const opened: Connection[] = [];
  beforeAll(async () => {
    rabbit = await newRabbit();
    await rabbit.start();
    server = await openTestServer(inject("clusterUrl"), {
      env: { AMQP_URL: rabbit.url },
      work: true,
      before: (runtime) => runtime.publish([poured]),
    });
  });
  afterEach(() => {
    for (const connection of opened.splice(0)) connection.unsafeDestroy();
  });
  afterAll(async () => {
    await server.close();
    await rabbit.remove();
  });

  const relay = () => server.app.get(Relay);
  const isThere = () =>
    relay()
      .check()
      .then(
        () => true,
        () => false,
      );
  function connection(): Connection {
    const made = new Connection({ url: rabbit.url, retryLow: 100, retryHigh: 1000 });
    // It connects again by itself.
    made.on("error", () => {});
    opened.push(made);
    return made;
  }
  /** A queue of a listener, as a listener declares it: durable, bound to what it wants. */
  async function declare(queue: string, routingKey: string): Promise<void> {
    const made = connection();
    await made.exchangeDeclare({ exchange, type: "topic", durable: true });
    await made.queueDeclare({ queue, durable: true });
    await made.queueBind({ exchange, queue, routingKey });
  }
  /** Listens, and acknowledges what it has noted. */
  function listen(queue: string): AsyncMessage[] {
    const seen: AsyncMessage[] = [];
    const consumer = connection().createConsumer(
      { queue, queueOptions: { durable: true }, qos: { prefetchCount: 200 } },
      (message) => void seen.push(message),
    );
    consumer.on("error", () => {});
    return seen;
  }
  const payloadOf = ({ body }: AsyncMessage) => (body as { data: { pot: string; n: number } }).data;
  async function pour(tenantId: string, numbers: readonly number[]): Promise<string[]> {
    return server.runtime.ctx(tenantId).tx((ctx) =>
      ctx.emitAll(
        poured,
        numbers.map((n) => ({ pot: `pot ${n % 20}`, n })),
      ),
    );
  }

  test("a broker that is stopped, and then killed, in the middle of 10,000 events loses none of them", async () => {
    const [count, step] = [10_000, 100];
    await declare("shop", "#");
    // Who reads on the side has a queue of their own, and takes nothing from the other.
    await declare("bi", "*.tea.#");
    const seen = listen("shop");
    const tenants = Array.from({ length: 4 }, () => newId(new Date()));
    const ids: string[] = [];
    const emitted = (async () => {
      for (let from = 0; from < count; from += step) {
        const numbers = Array.from({ length: step }, (_, n) => from + n);
        ids.push(...(await pour(tenants[(from / step) % tenants.length] ?? "", numbers)));
        // While the broker is away half of them come.
        if (from === count / 5) await rabbit.stop("SIGTERM");
        if (from === (2 * count) / 5) await rabbit.start();
        if (from === (3 * count) / 5) {
          await expect.poll(() => seen.length, patience).toBeGreaterThan(count / 5);
          await rabbit.stop("SIGKILL");
        }
      }
    })();
    await emitted;
    await expect.poll(isThere, patience).toBe(false);
    await expect(relay().check()).rejects.toThrow(/events that wait for it: \d+; none is lost/);
    await rabbit.start();
    await expect.poll(() => new Set(seen.map(({ messageId }) => messageId)).size, patience).toBe(count);
    expect(new Set(seen.map(({ messageId }) => messageId))).toEqual(new Set(ids));
    // What comes again comes later: who remembers ids sees each key's in order.
    const first = new Map<unknown, AsyncMessage>();
    for (const message of seen) if (!first.has(message.messageId)) first.set(message.messageId, message);
    const perKey = Map.groupBy(first.values(), (each) => `${String(each.headers?.["tenant"])} ${payloadOf(each).pot}`);
    for (const messages of perKey.values()) {
      const numbers = messages.map((each) => payloadOf(each).n);
      expect(numbers).toEqual(numbers.toSorted((a, b) => a - b));
    }
    const side = listen("bi");
    await expect.poll(() => new Set(side.map(({ messageId }) => messageId)).size, patience).toBe(count);
    await expect.poll(async () => (await waiting()).length, patience).toBe(0);
    expect(await server.runtime.unscopedDb().selectFrom("kit_dead").select("ref").execute()).toEqual([]);
    await expect.poll(isThere, patience).toBe(true);
  });

  const waiting = () =>
    server.runtime.unscopedDb().selectFrom("kit_task").select("ref").where("queue", "=", "webhooks.relay").execute();

  test("a message says what it is, and a listener chooses tenants and events by the routing key", async () => {
    const [mine, other] = [newId(new Date()), newId(new Date())];
    await declare("mine", `${mine}.tea.poured.v1`);
    const seen = listen("mine");
    await expect.poll(isThere, patience).toBe(true);
    await pour(other, [1]);
    const [id] = await pour(mine, [7]);
    await expect.poll(() => seen.length, patience).toBe(1);
    const [message] = seen;
    expect(message).toMatchObject({
      messageId: id,
      type: "tea.poured.v1",
      routingKey: `${mine}.tea.poured.v1`,
      contentType: "application/json",
      durable: true,
      headers: { tenant: mine, key: "pot 7" },
      body: { type: "tea.poured.v1", data: { pot: "pot 7", n: 7 } },
    });
  });

  test("what follows a refused event of its key waits for it, and what is too large is told of", async () => {
    const [tenantId, made] = [newId(new Date()), connection()];
    const routingKey = `${tenantId}.#`;
    // A queue that refuses what it has no room for.
    const bounds = { "x-max-length": 3, "x-overflow": "reject-publish" as const };
    await made.queueDeclare({ queue: "small", durable: true, arguments: bounds });
    await made.queueBind({ exchange, queue: "small", routingKey });
    await expect.poll(isThere, patience).toBe(true);
    const seen: AsyncMessage[] = [];
    const consumer = connection().createConsumer(
      { queue: "small", queueOptions: { passive: true }, qos: { prefetchCount: 1 } },
      (message) => void seen.push(message),
    );
    consumer.on("error", () => {});
    const [pots, each] = [5, 40];
    const about = { tenantId, traceId: "trace", name: poured.name, occurredAt: new Date() };
    const events = Array.from({ length: pots * each }, (_, at) => {
      const [pot, n] = [`pot ${at % pots}`, Math.floor(at / pots)];
      return {
        ...about,
        id: newId(new Date()),
        key: pot,
        payload: { pot, n, leaves: at === 0 ? "x".repeat(2e6) : "" },
      };
    });
    let refusals = 0;
    for (let left: readonly PublishedEvent[] = events; left.length > 0;) {
      const refused = await relay().forward(left);
      refusals += refused.size;
      left = left.filter((event) => refused.has(event));
    }
    expect(refusals).toBeGreaterThan(0);
    await expect.poll(() => seen.length, patience).toBe(pots * each);
    const perPot = Map.groupBy(seen, ({ headers }) => String(headers?.["key"]));
    for (const messages of perPot.values()) {
      const numbers = messages.map(({ messageId }) => events.findIndex(({ id }) => id === messageId));
      expect(numbers).toEqual(numbers.toSorted((a, b) => a - b));
    }
    expect(seen.find(({ messageId }) => messageId === events[0]?.id)?.body).toMatchObject({
      reference: { eventId: events[0]?.id },
    });
    consumer.close().catch(() => {});
    await made.queueDelete({ queue: "small" });
  });

  test("what no queue wants is done too, and counted", async () => {
    const made = connection();
    for (const queue of ["shop", "bi", "mine"]) await made.queueDelete({ queue });
    await pour(newId(new Date()), [1, 2, 3]);
    await expect.poll(async () => (await waiting()).length, patience).toBe(0);
    const { body: text } = await server.runtime.metrics.text();
    expect(text).toMatch(/zg_relay_events_total\{outcome="unrouted"\} \d+/);
  });

  test("an exchange that is gone is declared anew, and what it missed comes then", async () => {
    const made = connection();
    await made.exchangeDelete({ exchange });
    // It is noticed when something is sent there.
    const ids = await pour(newId(new Date()), [1, 2, 3]);
    await expect.poll(async () => (await waiting()).length, patience).toBe(0);
    expect(ids).toHaveLength(3);
    await declare("again", "#");
    const seen = listen("again");
    await pour(newId(new Date()), [4]);
    await expect.poll(() => seen.length, patience).toBe(1);
  });
});
