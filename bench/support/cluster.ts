import { chmod, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startCluster } from "../../tools/postgres.ts";
import { onShutdown } from "./clean-up.ts";

/**
 * A PostgreSQL of the measurement's own, on disk and as durable as PostgreSQL is by default: a commit that isn't
 * flushed would make the figures those of another program. With BENCH_DATABASE_URL, a superuser's address, the one that
 * runs there: for other versions.
 *
 * @returns a superuser's address
 */
export async function openCluster(): Promise<string> {
  const given = process.env["BENCH_DATABASE_URL"];
  if (given) return given;
  const home = await mkdtemp(join(tmpdir(), "zhanggui-bench-"));
  onShutdown(() => rm(home, { recursive: true, force: true }));
  // As root the database runs as `nobody`, who must be able to pass.
  await chmod(home, 0o755);
  const cluster = await startCluster({ dataFolder: join(home, "data") });
  onShutdown(() => cluster.stop("immediate"));
  return cluster.url;
}
