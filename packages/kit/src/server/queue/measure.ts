import type { Clock } from "../clock.ts";
import type { Metrics } from "../metrics.ts";
import type { Query } from "../query.ts";

interface Depth {
  readonly queue: string;
  readonly waiting: number;
  readonly first: string;
}

/** Tells how much waits in each queue, for how long, and how much was given up: of all processes together. */
export function measureQueues(metrics: Metrics, query: Query, clock: Clock): void {
  const depths = (): Promise<Depth[]> =>
    query<Depth>(
      `SELECT queue, count(*) AS waiting, (array_agg(ref ORDER BY seq))[1] AS first FROM kit_task
       WHERE due_at IS NULL OR attempts > 0 GROUP BY queue`,
    );
  metrics.gauge({ name: "zg_queue_tasks", help: "Tasks that wait or run", labels: ["queue"] }, async () =>
    (await depths()).map(({ queue, waiting }) => ({ labels: { queue }, value: waiting })),
  );
  metrics.gauge(
    { name: "zg_queue_oldest_seconds", help: "Age of what the first task is about", labels: ["queue"] },
    async () =>
      (await depths()).map(({ queue, first }) => ({
        labels: { queue },
        value: Math.max(0, clock.now().getTime() - timeOfId(first)) / 1000,
      })),
  );
  metrics.gauge({ name: "zg_queue_dead_letters", help: "Tasks that were given up", labels: ["queue"] }, async () => {
    const rows = await query<{ queue: string; n: number }>("SELECT queue, count(*) AS n FROM kit_dead GROUP BY queue");
    return rows.map(({ queue, n }) => ({ labels: { queue }, value: n }));
  });
}

/** A UUIDv7 begins with its milliseconds (RFC 9562 §5.7). */
function timeOfId(id: string): number {
  return Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16);
}
