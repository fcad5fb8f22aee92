import { resolve } from "node:path";
import { findCluster } from "../postgres.ts";
import { defaultPort } from "./arguments.ts";
import { runVisibly } from "./commands.ts";
import { embeddedUrl, openEmbedded } from "./database.ts";
import { databaseFolder, inRoot, inState } from "./paths.ts";
import { portsFrom } from "./ports.ts";
import type { Progress } from "./progress.ts";
import { keepSecrets } from "./secrets.ts";
import { buildServer, setUp } from "./setup.ts";
import { Problem } from "./problem.ts";
import { serverEnvironment } from "./start.ts";
import { World } from "./world.ts";

/** Files among its words as the caller meant them: the command runs in the checkout, `zg` may be called elsewhere. */
export function fromCaller([command, ...rest]: readonly string[]): readonly string[] {
  if (command !== "backup" && command !== "restore") return [command ?? "", ...rest];
  return [command, ...rest.map((word) => (word.startsWith("-") ? word : resolve(word)))];
}

/** Runs a command of the server's on its database: the embedded one, unless DATABASE_URL names another. */
export async function serverCommand(words: readonly string[], progress: Progress): Promise<number> {
  const command = ["--enable-source-maps", inRoot("apps/server/dist/main.js"), ...fromCaller(words)];
  await setUp(progress);
  await buildServer(progress);
  if (process.env["DATABASE_URL"]) return runVisibly(process.execPath, command);
  const running = await findCluster(databaseFolder());
  // As its superuser everything would be owned by somebody who isn't the server.
  if (running !== undefined && words[0] === "restore") throw new Problem("End what runs first: ./zg stop.");
  const opened = running === undefined ? await openEmbedded({ empty: false }) : undefined;
  try {
    const url = opened?.url ?? embeddedUrl(running?.url ?? "");
    const secrets = await keepSecrets(inState("secrets.json"));
    const environment = {
      ...serverEnvironment(portsFrom(defaultPort), secrets, url),
      FILES_DIR: new World(undefined).filesFolder,
    };
    return await runVisibly(process.execPath, command, environment);
  } finally {
    await opened?.cluster?.stop();
  }
}
