import { Injectable } from "@nestjs/common";
import type { PublishedEvent } from "@zhanggui/kit/server/events";
import { OutOfReach } from "@zhanggui/kit/server/queue/definition";
import { Runtime } from "@zhanggui/kit/server/runtime";
import { AMQPError, type Channel, type Connection } from "rabbitmq-client";
import { assertBroker, connectTo, messageIn } from "./broker.ts";
import { relayedOf } from "./internal/message.ts";

/** A durable topic exchange; routing keys are `<tenant>.<name of the event>`. */
export const exchange = "zhanggui.events";
const handler = "webhooks.relay";
/** Again when RabbitMQ is there, but doesn't let us work. */
const openAgainMs = 5_000;
const mostCounted = 10_000;

/**
 * Relays every event that modules publish to RabbitMQ, if the environment names one. An event is done when the broker
 * has confirmed it; until then it waits in the queue, however long nobody answers.
 */
@Injectable()
export class Relay {
  readonly #connection: Connection | undefined;
  /** What events go through; undefined while they wait. */
  #channel: Channel | undefined;
  /** The last one that was opened, whether or not it is used. */
  #latest: Channel | undefined;
  /** Rejected when the present channel is good for nothing any more. */
  #lost = Promise.withResolvers<never>();
  #trouble = "it hasn't answered yet";
  #again: NodeJS.Timeout | undefined;
  #isOver = false;
  readonly #relayed;

  constructor(private readonly runtime: Runtime) {
    this.#relayed = runtime.metrics.counter({
      name: "zg_relay_events_total",
      help: "Events that RabbitMQ confirmed, refused, or confirmed though no queue wanted them",
      labels: ["outcome"],
    });
    const { AMQP_URL: url, ROLE: role } = runtime.env;
    if (url === undefined) return;
    runtime.forwardPublished(handler, this.forward, { batch: 200, concurrency: 4 });
    runtime.restQueue(handler, true);
    if (role === "api") return;
    this.#connection = connectTo(url);
    this.#connection.on("error", (error: unknown) => this.#away(messageIn(error)));
    this.#connection.on("connection", () => void this.#open());
    this.#connection.on("connection.blocked", (reason) => this.#away(`it takes nothing now: ${reason}`));
    this.#connection.on("connection.unblocked", () => void this.#open());
    runtime.onShutdown(() => this.#close());
  }

  /**
   * What has the same key one after the other: what follows a refused one is refused with it, for it would come too
   * early. @throws OutOfReach
   */
  readonly forward = async (events: readonly PublishedEvent[]): Promise<ReadonlyMap<PublishedEvent, Error>> => {
    const channel = this.#channel;
    if (channel === undefined) throw new OutOfReach(this.#trouble);
    const refused = new Map<PublishedEvent, Error>();
    const lanes = Map.groupBy(events, ({ tenantId, key, id }) => (key === null ? id : `${tenantId} ${key}`));
    const confirmed = Promise.all([...lanes.values()].map((lane) => this.#publish(channel, lane, refused)));
    confirmed.catch(() => {});
    await Promise.race([confirmed, this.#lost.promise]);
    return refused;
  };

  async #publish(
    channel: Channel,
    lane: readonly PublishedEvent[],
    refused: Map<PublishedEvent, Error>,
  ): Promise<void> {
    for (const [at, event] of lane.entries()) {
      try {
        await channel.basicPublish(envelopeOf(event), Buffer.from(relayedOf(event, this.runtime.env.PUBLIC_URL)));
        this.#relayed.add({ outcome: "confirmed" });
      } catch (error) {
        if (!(error instanceof AMQPError) || error.code !== "NACK") throw new OutOfReach(messageIn(error));
        this.#relayed.add({ outcome: "refused" });
        for (const each of lane.slice(at)) refused.set(each, error);
        return;
      }
    }
  }

  /** @throws Error saying how many events wait, and that none is lost */
  readonly check = async (): Promise<string | undefined> => {
    const { AMQP_URL: url } = this.runtime.env;
    if (url === undefined) return undefined;
    const place = `${new URL(url).host} · ${exchange}`;
    if (this.#channel !== undefined) return place;
    if (this.#connection === undefined) {
      await assertBroker(url);
      return place;
    }
    const rows = await this.runtime
      .unscopedDb()
      .selectFrom("kit_task")
      .select("ref")
      .where("queue", "=", handler)
      .limit(mostCounted + 1)
      .execute();
    const count = rows.length > mostCounted ? `${mostCounted}+` : String(rows.length);
    throw new Error(`${this.#trouble}; events that wait for it: ${count}; none is lost`);
  };

  /** On every new connection: a channel that confirms, and the exchange. Then the queue goes on. */
  async #open(): Promise<void> {
    clearTimeout(this.#again);
    if (this.#isOver || this.#connection === undefined) return;
    try {
      // After a blockade the channel of before is as good as new.
      const channel = this.#latest?.active === true ? this.#latest : await this.#newChannel(this.#connection);
      if (!channel.active || this.#isOver) return;
      this.#lost = Promise.withResolvers();
      this.#lost.promise.catch(() => {});
      this.#channel = channel;
      this.runtime.log.info({ exchange }, "events are relayed to RabbitMQ");
      this.runtime.restQueue(handler, false);
    } catch (error) {
      this.#away(messageIn(error));
      this.#openLater();
    }
  }

  async #newChannel(connection: Connection): Promise<Channel> {
    const channel = await connection.acquire({ emitErrorsFromChannel: true });
    channel.on("error", (error) => this.#away(messageIn(error)));
    channel.on("close", () => this.#channelClosed(channel));
    channel.on("basic.return", () => this.#relayed.add({ outcome: "unrouted" }));
    await channel.confirmSelect();
    await channel.exchangeDeclare({ exchange, type: "topic", durable: true });
    this.#latest = channel;
    return channel;
  }

  #channelClosed(channel: Channel): void {
    if (this.#latest !== channel) return;
    this.#latest = undefined;
    this.#away("the channel was closed");
    // With the connection it is opened by the next one; without, by nobody else.
    if (this.#connection?.ready === true) this.#openLater();
  }

  #openLater(): void {
    clearTimeout(this.#again);
    if (!this.#isOver) this.#again = setTimeout(() => void this.#open(), openAgainMs).unref();
  }

  /** Nothing is claimed until it is back; what is under way is given back. */
  #away(trouble: string): void {
    this.#trouble = trouble;
    if (this.#isOver) return;
    this.runtime.restQueue(handler, true);
    if (this.#channel === undefined) return;
    this.#channel = undefined;
    this.#lost.reject(new OutOfReach(trouble));
    this.runtime.log.warn({ trouble }, "RabbitMQ can't be reached: events wait");
  }

  #close(): void {
    this.#isOver = true;
    clearTimeout(this.#again);
    this.#channel = undefined;
    this.#lost.reject(new OutOfReach("the process ends"));
    this.#connection?.unsafeDestroy();
  }
}

function envelopeOf({ tenantId, id, name, key, occurredAt, traceId }: PublishedEvent) {
  return {
    exchange,
    routingKey: `${tenantId}.${name}`,
    durable: true,
    mandatory: true,
    messageId: id,
    type: name,
    timestamp: Math.floor(occurredAt.getTime() / 1000),
    contentType: "application/json",
    appId: "zhanggui",
    headers: { tenant: tenantId, trace: traceId, ...(key === null ? {} : { key }) },
  };
}
