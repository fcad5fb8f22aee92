import { verifyChains } from "@zhanggui/kit/server/audit/verify";
import { openDatabase } from "@zhanggui/kit/server/database";
import type { Env } from "@zhanggui/kit/server/env";
import type { Logger } from "@zhanggui/kit/server/log";
import { poolOptions } from "@zhanggui/kit/server/pool";

/**
 * `node main.js audit`: verifies the audit log of every tenant, and prints a line for each: how far its chain reaches,
 * with the last seal's hash; then one for each entry or seal that was altered, removed or put in. Exits with 1 if there
 * is one. Changes nothing.
 */
export async function audit(env: Env, _log: Logger): Promise<void> {
  const database = openDatabase(env.DATABASE_URL, poolOptions(env));
  try {
    for await (const { tenantId, seals, entries, lastNumber, lastHash, findings } of verifyChains(database)) {
      const state = findings.length === 0 ? "whole" : "TAMPERED WITH";
      const reach = `${entries} entries in ${seals} seals, the last ${lastNumber} ${lastHash ?? "none"}`;
      process.stdout.write(`${tenantId}\t${state}\t${reach}\n`);
      for (const { what, which, seal } of findings)
        process.stdout.write(`${tenantId}\t${what}\t${which}\tseal ${seal}\n`);
      if (findings.length > 0) process.exitCode = 1;
    }
  } finally {
    await database.close();
  }
}
