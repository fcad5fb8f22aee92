import { PgBoss } from "pg-boss";

export interface Boss {
  readonly boss: PgBoss;
  readonly queue: string;
}

/** pg-boss, whose queue is told of new jobs at once. */
export async function openBoss(databaseUrl: string): Promise<Boss> {
  const boss = new PgBoss({ connectionString: databaseUrl, max: 20, useListenNotify: true });
  boss.on("error", () => {});
  await boss.start();
  const queue = "tea-sip";
  await boss.createQueue(queue, { notify: true });
  return { boss, queue };
}

/**
 * Works off the queue as pg-boss does it fastest: a batch in one transaction, with its completion; the next as soon as
 * one was full. Each job leaves a row in `tea_effect`, as the handlers of our own do.
 *
 * @param atOnce how many batches are under way; 1 unless pg-boss is told otherwise
 */
export async function workBoss({ boss, queue }: Boss, atOnce: number, one: () => void): Promise<void> {
  const options = {
    transactional: true,
    batchSize: 100,
    burstWhenBatchFull: true,
    localConcurrency: atOnce,
    pollingIntervalSeconds: 0.5,
  } as const;
  await boss.work<{ tenantId: string; n: number }, void, typeof options>(queue, options, async (jobs, tx) => {
    for (const { id, data } of jobs) {
      await tx.executeSql("INSERT INTO tea_effect (tenant_id, event_id, n) VALUES ($1, $2, $3)", [
        data.tenantId,
        id,
        data.n,
      ]);
      one();
    }
  });
}
