import type { Env } from "@zhanggui/kit/server/env";
import type { Logger } from "@zhanggui/kit/server/log";
import { reseal } from "@zhanggui/kit/server/reseal";
import { Secrets } from "@zhanggui/kit/server/secrets";
import { sealedColumns } from "./sealed-columns.ts";

/**
 * `node main.js reseal`: seals every module's secrets with the first of SECRET_KEYS, and tells what became of each
 * column. May be broken off, repeated, and run beside servers that already hold both keys.
 *
 * @returns whether the older keys are needed no more
 */
export async function resealAll(env: Env, log: Logger): Promise<boolean> {
  const secrets = new Secrets(env.SECRET_KEYS);
  const results = await reseal(env.DATABASE_DIRECT_URL, secrets, await sealedColumns());
  for (const result of results) {
    if (result.left === 0) log.info(result, "resealed");
    else log.error(result, "resealed, but not all: no key opens some, or a server still seals with an older one");
  }
  const done = results.every(({ left }) => left === 0);
  if (done) log.info({ keyId: secrets.keyId }, "every secret carries the newest key's seal; the older keys may go");
  return done;
}
