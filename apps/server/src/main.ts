import "reflect-metadata";
import { TurnableClock } from "@zhanggui/kit/server/clock";
import { openDatabase } from "@zhanggui/kit/server/database";
import { assertDatabase, DatabaseNotReady } from "@zhanggui/kit/server/database-check";
import { type Env, EnvironmentWrong, readEnv } from "@zhanggui/kit/server/env";
import { createLog, type Logger } from "@zhanggui/kit/server/log";
import { migrate } from "@zhanggui/kit/server/migrate";
import { tenantRoleOf } from "@zhanggui/kit/server/policies";
import { poolOptions } from "@zhanggui/kit/server/pool";
import { Runtime } from "@zhanggui/kit/server/runtime";
import { gracefulShutdown, guardProcess } from "@zhanggui/kit/server/shutdown";
import { createApp } from "./app.ts";
import { unlock } from "./foundation/access/unlock.ts";
import { migrationFolders } from "./migrations.ts";
import { slowQueries } from "./slow-queries.ts";
import { resealAll } from "./reseal.ts";

type Command = (env: Env, log: Logger, argument?: string) => Promise<void>;
const commands: Readonly<Record<string, Command>> = { serve, reseal, unlock, "slow-queries": slowQueries };
/** How long a worker may take to give back what its deadline cut off. */
const givingBackMs = 1000;

/** `main.js [serve]`, or another command. */
async function main([name = "serve", argument]: readonly string[]): Promise<void> {
  const command = Object.entries(commands).find(([known]) => known === name)?.[1];
  if (command === undefined) {
    throw new Error(`There is no command ${name}; there are ${Object.keys(commands).join(", ")}.`);
  }
  const env = readEnv();
  await command(env, createLog(env.LOG_LEVEL), argument);
}

async function reseal(env: Env, log: Logger): Promise<void> {
  process.exitCode = (await resealAll(env, log)) ? 0 : 1;
}

/** Boots the roles of this process: migrate, connect, serve, work; and stops in the opposite order. */
async function serve(env: Env, log: Logger): Promise<void> {
  await assertDatabase(env.DATABASE_DIRECT_URL, { tenantRole: tenantRoleOf });
  const applied = await migrate(env.DATABASE_DIRECT_URL, migrationFolders(), { log });
  if (applied.length > 0) log.info({ applied }, "database brought up to date");
  const runtime = new Runtime({
    env,
    clock: new TurnableClock(env.CLOCK_OFFSET_MS),
    log,
    database: openDatabase(env.DATABASE_URL, poolOptions(env)),
  });
  const { lifecycle, metrics } = runtime;
  const app = await createApp(runtime);
  const stop = gracefulShutdown({
    log,
    lifecycle,
    unreadySeconds: env.UNREADY_SECONDS,
    drainSeconds: env.DRAIN_SECONDS,
    drain: async () => {
      // A little before the deadline of all, so that what is cut off can be given back; and however long requests take.
      const deadlineMs = Math.max(0, env.DRAIN_SECONDS * 1000 - givingBackMs);
      await Promise.all([app.close(), runtime.stopWork({ deadlineMs })]);
      await runtime.stop();
    },
    exit: (code) => process.exit(code),
  });
  guardProcess({ log, metrics, onBroken: () => process.exit(1) });
  process.on("SIGINT", stop);
  process.on("SIGTERM", stop);
  await runtime.start({ work: env.ROLE !== "api" });
  // A worker listens too: /health tells whoever watches it how it is.
  await app.listen({ port: env.PORT, host: env.HOST });
  log.info({ url: await app.getUrl(), role: env.ROLE }, "ready");
}

main(process.argv.slice(2)).catch((error: unknown) => {
  const isSaid = error instanceof DatabaseNotReady || error instanceof EnvironmentWrong || !(error instanceof Error);
  process.stderr.write(`${isSaid ? String(error instanceof Error ? error.message : error) : (error.stack ?? "")}\n`);
  process.exit(1);
});
