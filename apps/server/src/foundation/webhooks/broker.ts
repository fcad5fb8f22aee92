import { Connection } from "rabbitmq-client";

/** What nobody answers in this time isn't there. */
const patienceMs = 4_000;

/** Connects, and connects again by itself whenever that is lost. */
export function connectTo(url: string): Connection {
  return new Connection({ url, connectionName: "zhanggui", heartbeat: 20, retryLow: 200, retryHigh: 30_000 });
}

/** @throws Error saying what is wrong, if RabbitMQ doesn't answer, or doesn't let us in */
export async function assertBroker(url: string): Promise<void> {
  const connection = connectTo(url);
  const failed = Promise.withResolvers<never>();
  connection.on("error", (error: unknown) => failed.reject(new Error(messageIn(error))));
  const timer = setTimeout(() => failed.reject(new Error("RabbitMQ doesn't answer")), patienceMs);
  try {
    const channel = await Promise.race([connection.acquire(), failed.promise]);
    await channel.close();
  } finally {
    clearTimeout(timer);
    connection.unsafeDestroy();
  }
}

export function messageIn(error: unknown): string {
  if (error instanceof AggregateError) return error.errors.map(messageIn).join("; ");
  return error instanceof Error ? error.message : String(error);
}
