import { parseArgs } from "node:util";
import { TurnableClock } from "@zhanggui/kit/server/clock";
import { openDatabase } from "@zhanggui/kit/server/database";
import type { Env } from "@zhanggui/kit/server/env";
import type { Logger } from "@zhanggui/kit/server/log";
import { beginMaintenance, endMaintenance, readMaintenance } from "@zhanggui/kit/server/maintenance";
import { OperatorError } from "@zhanggui/kit/server/operator-error";
import { poolOptions } from "@zhanggui/kit/server/pool";
import type { Query } from "@zhanggui/kit/server/query";

const usage = `maintenance on [--zh <message>] [--en <message>] [--minutes <until it is over>] | off | status`;

/**
 * `node main.js maintenance on|off|status`: closes the server for work on it, opens it again, or says how it stands.
 * Every process follows within a second.
 *
 * @throws OperatorError for words that it doesn't understand
 */
export async function maintenance(env: Env, _log: Logger, ...words: readonly string[]): Promise<void> {
  const { what, ...said } = read(words);
  const now = new TurnableClock(env.CLOCK_OFFSET_MS).now();
  const database = openDatabase(env.DATABASE_URL, poolOptions(env));
  const query: Query = async <Row>(text: string, values: readonly unknown[] = []) =>
    (await database.pool.query<Row & Record<string, unknown>>(text, [...values])).rows;
  try {
    if (what === "off") await endMaintenance(query);
    if (what === "on") {
      const endsAt = said.minutes === undefined ? null : new Date(now.getTime() + said.minutes * 60_000);
      await beginMaintenance(query, { since: now, begunBy: "main.js", messageZh: said.zh, messageEn: said.en, endsAt });
    }
    const state = await readMaintenance(query);
    process.stdout.write(`${state === undefined ? "open" : `closed since ${state.since.toISOString()}`}\n`);
    if (state?.endsAt) process.stdout.write(`expected to end ${state.endsAt.toISOString()}\n`);
  } finally {
    await database.close();
  }
}

function read(words: readonly string[]) {
  const text = { type: "string", default: "" } as const;
  const options = { zh: text, en: text, minutes: { type: "string" } } as const;
  try {
    const { values, positionals } = parseArgs({ args: [...words], options, allowPositionals: true });
    const [what = "status", ...more] = positionals;
    const minutes = values.minutes === undefined ? undefined : Number(values.minutes);
    const isKnown = what === "on" || what === "off" || what === "status";
    if (!isKnown || more.length > 0 || (minutes !== undefined && !(minutes > 0))) throw new Error(what);
    return { what, zh: values.zh.slice(0, 300), en: values.en.slice(0, 300), minutes };
  } catch {
    throw new OperatorError(usage);
  }
}
