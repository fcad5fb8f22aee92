import "reflect-metadata";
import { TurnableClock } from "@zhanggui/kit/server/clock";
import { openDatabase } from "@zhanggui/kit/server/database";
import { readEnv } from "@zhanggui/kit/server/env";
import { createLog } from "@zhanggui/kit/server/log";
import { migrate } from "@zhanggui/kit/server/migrate";
import { Runtime } from "@zhanggui/kit/server/runtime";
import { createApp } from "./app.ts";
import { migrationFolders } from "./migrations.ts";

/** Boots the roles of this process: migrate, connect, serve, work; and stops in the opposite order. */
async function main(): Promise<void> {
  const env = readEnv();
  const log = createLog(env.LOG_LEVEL);
  const applied = await migrate(env.DATABASE_URL, migrationFolders());
  if (applied.length > 0) log.info({ applied }, "database brought up to date");
  const runtime = new Runtime({
    env,
    clock: new TurnableClock(env.CLOCK_OFFSET_MS),
    log,
    database: openDatabase(env.DATABASE_URL),
  });
  const app = await createApp(runtime);
  await runtime.start({ work: env.ROLE !== "api" });
  // A worker listens too: /health tells whoever watches it that it lives.
  await app.listen({ port: env.PORT, host: env.HOST });
  log.info({ url: await app.getUrl(), role: env.ROLE }, "ready");

  let stopping = false;
  const stop = async (signal: string): Promise<void> => {
    if (stopping) return;
    stopping = true;
    log.info({ signal }, "stopping");
    await app.close();
    await runtime.stop();
    process.exit(0);
  };
  process.on("SIGINT", (signal) => void stop(signal));
  process.on("SIGTERM", (signal) => void stop(signal));
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
  process.exit(1);
});
