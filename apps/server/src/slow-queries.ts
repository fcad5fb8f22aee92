import { TurnableClock } from "@zhanggui/kit/server/clock";
import { openDatabase } from "@zhanggui/kit/server/database";
import type { Env } from "@zhanggui/kit/server/env";
import type { Logger } from "@zhanggui/kit/server/log";
import { OperatorError } from "@zhanggui/kit/server/operator-error";
import { poolOptions } from "@zhanggui/kit/server/pool";
import { slowestQueries } from "@zhanggui/kit/server/slow-queries";

/**
 * `node main.js slow-queries [hours]`: the hundred slowest statements of the last hours (24 unless told), the slowest
 * first, as tab-separated lines.
 *
 * @throws OperatorError if that isn't a number of hours
 */
export async function slowQueries(env: Env, _log: Logger, words = "24"): Promise<void> {
  const hours = Number(words);
  if (!Number.isFinite(hours) || hours <= 0)
    throw new OperatorError("slow-queries takes a number of hours: main.js slow-queries 24");
  const database = openDatabase(env.DATABASE_URL, poolOptions(env));
  try {
    const since = new Date(new TurnableClock(env.CLOCK_OFFSET_MS).now().getTime() - hours * 3_600_000);
    const found = await slowestQueries(async (text, values = []) => {
      const { rows } = await database.pool.query(text, [...values]);
      return rows;
    }, since);
    const lines = found.map(({ at, durationMs, lockMs, rows, login, database: name, text }) =>
      [at.toISOString(), durationMs, lockMs, rows, login, name, text.replaceAll(/\s+/g, " ").trim()].join("\t"),
    );
    process.stdout.write(`${["began\tms\tlock ms\trows\tlogin\tdatabase\tstatement", ...lines].join("\n")}\n`);
  } finally {
    await database.close();
  }
}
