import { isIP } from "node:net";
import { openDatabase } from "@zhanggui/kit/server/database";
import type { Env } from "@zhanggui/kit/server/env";
import { networkOf } from "@zhanggui/kit/server/http/rate-limiter";
import type { Logger } from "@zhanggui/kit/server/log";
import { OperatorError } from "@zhanggui/kit/server/operator-error";
import { poolOptions } from "@zhanggui/kit/server/pool";
import { Login } from "./sign-in.contract.ts";
import { unlockLogin, unlockPlace } from "./internal/login-attempts.ts";

/**
 * `node main.js unlock <login or address>`: lets whoever is locked out try again at once, also an owner whom nobody
 * else can help, or everybody at an address.
 *
 * @throws OperatorError if that can't be either
 */
export async function unlock(env: Env, log: Logger, whom = ""): Promise<void> {
  const isPlace = isIP(whom) !== 0;
  const login = Login.safeParse(whom);
  if (!isPlace && !login.success) throw new OperatorError("unlock takes a login or an address: main.js unlock <login>");
  const database = openDatabase(env.DATABASE_URL, poolOptions(env));
  try {
    const wasCounted = isPlace
      ? await unlockPlace(database.owner, networkOf(whom))
      : await unlockLogin(database.owner, login.data ?? "");
    log.info({ wasCounted }, wasCounted ? "unlocked" : "nothing was counted against that");
  } finally {
    await database.close();
  }
}
