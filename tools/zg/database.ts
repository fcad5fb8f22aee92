import { randomBytes } from "node:crypto";
import { readFile, rm } from "node:fs/promises";
import { type Cluster, databaseUrl, findCluster, startCluster } from "../postgres.ts";
import { databaseFolder, inState } from "./paths.ts";
import { writeWhole } from "./steps.ts";

const name = "zhanggui";

export interface Database {
  /** The address the server uses: the owner of its database, no superuser, so that row-level security binds it. */
  url: string;
  /** Undefined when DATABASE_URL names a database that isn't ours to stop. */
  cluster: Cluster | undefined;
}

/** Starts the embedded cluster and makes the server's user and database in it. `empty`: drops the database first. */
export async function openEmbedded(options: { empty: boolean }): Promise<Database> {
  const cluster = await startCluster({ dataFolder: databaseFolder(), settings: { max_connections: "100" } });
  const password = await keepPassword();
  await prepare(cluster.url, password, options.empty);
  const url = new URL(databaseUrl(cluster.url, name));
  url.username = name;
  url.password = password;
  return { url: url.href, cluster };
}

/** The address of the server's database in a cluster that runs. */
export function embeddedUrl(clusterUrl: string): string {
  return databaseUrl(clusterUrl, name);
}

/** Removes the embedded cluster with all its data. It must not be in use. */
export async function dropEmbedded(): Promise<void> {
  const folder = databaseFolder();
  await stopEmbedded();
  for (const path of [folder, `${folder}.password`, `${folder}.log`]) await rm(path, { recursive: true, force: true });
}

/** Ends the embedded cluster if an earlier start left it running. True when it did. */
export async function stopEmbedded(): Promise<boolean> {
  const left = await findCluster(databaseFolder());
  await left?.stop();
  return left !== undefined;
}

async function prepare(adminUrl: string, password: string, empty: boolean): Promise<void> {
  // Loaded here: zg starts before the dependencies are there.
  const { default: pg } = await import("pg");
  const admin = new pg.Client({ connectionString: adminUrl });
  await admin.connect();
  try {
    const secret = admin.escapeLiteral(password);
    const roles = await admin.query("select 1 from pg_roles where rolname = $1", [name]);
    await admin.query(`${roles.rowCount === 0 ? "create" : "alter"} role ${name} login password ${secret}`);
    if (empty) await admin.query(`drop database if exists ${name} with (force)`);
    const databases = await admin.query("select 1 from pg_database where datname = $1", [name]);
    if (databases.rowCount === 0) await admin.query(`create database ${name} owner ${name}`);
    // What an administrator runs for a login that may not create roles: the one that keeps tenants apart.
    const { tenantRoleOf } = await import("@zhanggui/kit/server/policies");
    const tenants = tenantRoleOf(name);
    const known = await admin.query("select 1 from pg_roles where rolname = $1", [tenants]);
    if (known.rowCount === 0) await admin.query(`create role ${tenants} nologin`);
    await admin.query(`grant ${tenants} to ${name}`);
  } finally {
    await admin.end();
  }
}

async function keepPassword(): Promise<string> {
  const file = inState("database-password");
  const kept = await readFile(file, "utf8").catch(() => undefined);
  if (kept) return kept.trim();
  const password = randomBytes(24).toString("base64url");
  await writeWhole(file, password, 0o600);
  return password;
}
