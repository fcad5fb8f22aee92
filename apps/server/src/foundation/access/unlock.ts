import { openDatabase } from "@zhanggui/kit/server/database";
import type { Env } from "@zhanggui/kit/server/env";
import type { Logger } from "@zhanggui/kit/server/log";
import { poolOptions } from "@zhanggui/kit/server/pool";
import { Login } from "./access.contract.ts";
import { unlockLogin } from "./internal/login-attempts.ts";

/**
 * `node main.js unlock <login>`: lets whoever is locked out try again at once, also an owner whom nobody else can help.
 *
 * @throws Error if that can't be a login
 */
export async function unlock(env: Env, log: Logger, login: string | undefined): Promise<void> {
  const parsed = Login.safeParse(login);
  if (!parsed.success) throw new Error("unlock needs a login: main.js unlock <login>");
  const database = openDatabase(env.DATABASE_URL, poolOptions(env));
  try {
    const wasCounted = await unlockLogin(database.owner, parsed.data);
    log.info({ wasCounted }, wasCounted ? "unlocked" : "nothing was counted against this login");
  } finally {
    await database.close();
  }
}
