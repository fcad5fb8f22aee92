import { findCluster } from "../postgres.ts";
import { defaultPort } from "./arguments.ts";
import { runVisibly } from "./commands.ts";
import { embeddedUrl, openEmbedded } from "./database.ts";
import { databaseFolder, inRoot, inState } from "./paths.ts";
import { portsFrom } from "./ports.ts";
import type { Progress } from "./progress.ts";
import { keepSecrets } from "./secrets.ts";
import { build, setUp } from "./setup.ts";
import { serverEnvironment } from "./start.ts";

const command = ["--enable-source-maps", inRoot("apps/server/dist/main.js"), "audit"];

/** Verifies the audit log of every tenant; 1 if somebody has tampered with one. Works beside a running server. */
export async function audit(progress: Progress): Promise<number> {
  await setUp(progress);
  await build(progress);
  if (process.env["DATABASE_URL"]) return runVisibly(process.execPath, command);
  const running = await findCluster(databaseFolder());
  const opened = running === undefined ? await openEmbedded({ empty: false }) : undefined;
  try {
    const url = opened?.url ?? embeddedUrl(running?.url ?? "");
    const secrets = await keepSecrets(inState("secrets.json"));
    return await runVisibly(process.execPath, command, serverEnvironment(portsFrom(defaultPort), secrets, url));
  } finally {
    await opened?.cluster?.stop();
  }
}
