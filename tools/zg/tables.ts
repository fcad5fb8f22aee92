import { chmod, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startCluster } from "../postgres.ts";
import { run } from "./commands.ts";
import type { Progress } from "./progress.ts";
import { setUp } from "./setup.ts";

/**
 * Makes every module's row types (`<m>.tables.ts`) and the page of what its tables hold (`docs/database`) from the
 * migrations, on a database of its own.
 */
export async function tables(progress: Progress): Promise<number> {
  await setUp(progress);
  const { writeFromMigrations } = await import("@zhanggui/server/testing/tables");
  const home = await mkdtemp(join(tmpdir(), "zg-tables-"));
  // As root the database runs as `nobody`, who must be able to pass.
  await chmod(home, 0o755);
  const cluster = await startCluster({ dataFolder: join(home, "data"), settings: { fsync: "off" } });
  try {
    const files = await writeFromMigrations(cluster.url);
    await run("oxfmt", files);
    for (const file of files) progress.say(file);
  } finally {
    await cluster.stop("immediate");
    await rm(home, { recursive: true, force: true });
  }
  return 0;
}
