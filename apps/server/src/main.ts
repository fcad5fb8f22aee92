import "reflect-metadata";
import { TurnableClock } from "@zhanggui/kit/server/clock";
import { openDatabase } from "@zhanggui/kit/server/database";
import { assertDatabase } from "@zhanggui/kit/server/database-check";
import { type Env, readEnv } from "@zhanggui/kit/server/env";
import { createLog, type Logger } from "@zhanggui/kit/server/log";
import { LogLines } from "@zhanggui/kit/server/log-lines";
import { migrate } from "@zhanggui/kit/server/migrate";
import { OperatorError } from "@zhanggui/kit/server/operator-error";
import { tenantRoleOf } from "@zhanggui/kit/server/policies";
import { poolOptions } from "@zhanggui/kit/server/pool";
import { Runtime } from "@zhanggui/kit/server/runtime";
import { gracefulShutdown, guardProcess } from "@zhanggui/kit/server/shutdown";
import { createApp } from "./app.ts";
import { unlock } from "./foundation/access/unlock.ts";
import { audit } from "./audit.ts";
import { backup } from "./backup/backup.ts";
import { restore } from "./backup/restore.ts";
import { openStorage } from "./foundation/files/open-storage.ts";
import { assertStorage } from "./foundation/files/storage.ts";
import { maintenance } from "./maintenance.ts";
import { migrationFolders } from "./migrations.ts";
import { slowQueries } from "./slow-queries.ts";
import { resealAll } from "./reseal.ts";

interface Command {
  readonly usage: string;
  /** What it does, in one line. */
  readonly does: string;
  run(env: Env, log: Logger, ...words: readonly string[]): Promise<void>;
}
const commands: Readonly<Record<string, Command>> = {
  serve: { usage: "[serve]", does: "brings the database up to date and runs the server", run: serve },
  unlock: { usage: "unlock <login or address>", does: "lets who is locked out sign in again at once", run: unlock },
  audit: { usage: "audit", does: "verifies the audit log of every tenant; 1 if one was tampered with", run: audit },
  reseal: { usage: "reseal", does: "seals every secret with the first of SECRET_KEYS", run: reseal },
  backup: { usage: "backup <file>", does: "writes database and files into one archive", run: backup },
  restore: { usage: "restore <file> [--replace]", does: "brings an archive back into an empty database", run: restore },
  maintenance: {
    usage: "maintenance on|off|status",
    does: "closes the server for work on it, and opens it again",
    run: maintenance,
  },
  "slow-queries": { usage: "slow-queries [hours]", does: "lists the slowest statements of late", run: slowQueries },
};
const help: ReadonlySet<string> = new Set(["help", "--help", "-h"]);
/** Where this process's log goes. */
const lines = new LogLines();
/** How long a worker may take to give back what its deadline cut off. */
const givingBackMs = 1000;

/** `main.js [serve]`, or another command. */
async function main([name = "serve", ...words]: readonly string[]): Promise<void> {
  if (help.has(name)) {
    process.stdout.write(`${usage()}\n`);
    return;
  }
  const command = Object.entries(commands).find(([known]) => known === name)?.[1];
  if (command === undefined) throw new OperatorError(`There is no command ${name}.\n${usage()}`);
  const env = readEnv();
  await assertDatabase(env.DATABASE_DIRECT_URL, { tenantRole: tenantRoleOf });
  await command.run(env, createLog(env.LOG_LEVEL, lines), ...words);
}

function usage(): string {
  const lines = Object.values(commands).map(({ usage, does }) => `  main.js ${usage.padEnd(28)}${does}`);
  return [...lines, "All of them read the environment; docs/RUNNING.md tells of it."].join("\n");
}

async function reseal(env: Env, log: Logger): Promise<void> {
  process.exitCode = (await resealAll(env, log)) ? 0 : 1;
}

/** Boots the roles of this process: migrate, connect, serve, work; and stops in the opposite order. */
async function serve(env: Env, log: Logger): Promise<void> {
  await assertStorage(openStorage(env));
  const applied = await migrate(env.DATABASE_DIRECT_URL, migrationFolders(), { log });
  if (applied.length > 0) log.info({ applied }, "database brought up to date");
  const runtime = new Runtime({
    env,
    clock: new TurnableClock(env.CLOCK_OFFSET_MS),
    log,
    lines,
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
  const isBug = error instanceof Error && !(error instanceof OperatorError);
  const said = error instanceof Error ? error.message : String(error);
  process.stderr.write(`${isBug ? (error.stack ?? said) : said}\n`);
  process.exit(1);
});
