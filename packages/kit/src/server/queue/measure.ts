import type { Clock } from "../clock.ts";
import type { Metrics } from "../metrics.ts";
import type { Query } from "../query.ts";

interface Depth {
  readonly queue: string;
  readonly waiting: number;
  /** The id of what the oldest task is about. */
  readonly oldest: string;
}

/** Counts what became of tasks. */
export function countRuns(metrics: Metrics) {
  return metrics.counter({
    name: "zg_queue_tasks_total",
    help: "Tasks that were done, failed (and are tried again), or died",
    labels: ["queue", "outcome"],
  });
}

/** Tells how much waits in each queue, for how long, and how much was given up: of all processes together. */
export function measureQueues(metrics: Metrics, query: Query, clock: Clock): void {
  let reading: Promise<Depth[]> | undefined;
  // It reads all that waits: once for both gauges, and not again while that takes. What is oldest is told by ids, which
  // begin with their time: sorting a million tasks to find the first would take longer than a reading may.
  const depths = (): Promise<Depth[]> =>
    (reading ??= query<Depth>(
      `SELECT queue, count(*) AS waiting, min(ref::text COLLATE "C") AS oldest FROM kit_task
       WHERE due_at IS NULL OR attempts > 0 GROUP BY queue`,
    ).finally(() => (reading = undefined)));
  metrics.gauge({ name: "zg_queue_tasks", help: "Tasks that wait or run", labels: ["queue"] }, async () =>
    (await depths()).map(({ queue, waiting }) => ({ labels: { queue }, value: waiting })),
  );
  metrics.gauge(
    { name: "zg_queue_oldest_seconds", help: "Age of the oldest thing that a task is about", labels: ["queue"] },
    async () =>
      (await depths()).map(({ queue, oldest }) => ({
        labels: { queue },
        value: Math.max(0, clock.now().getTime() - timeOfId(oldest)) / 1000,
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
