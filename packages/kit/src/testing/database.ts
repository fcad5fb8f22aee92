import { createHash, randomBytes } from "node:crypto";
import pg from "pg";
import { migrate } from "../server/migrate.ts";
import { type MigrationFolder, readMigrations } from "../server/migrate/files.ts";

export interface TestDatabase {
  readonly url: string;
  drop(): Promise<void>;
}

const templates = new Map<string, Promise<string>>();

/**
 * A database of the test's own, as a copy of a migrated template that is made once per cluster and set of migrations.
 *
 * @param clusterUrl a superuser's address on the cluster
 */
export async function cloneOfTemplate(clusterUrl: string, folders: readonly MigrationFolder[]): Promise<TestDatabase> {
  const template = await templateFor(clusterUrl, folders);
  const name = `zg_test_${randomBytes(6).toString("hex")}`;
  await withAdmin(clusterUrl, (admin) =>
    admin.query(`CREATE DATABASE ${name} TEMPLATE ${template} STRATEGY file_copy`),
  );
  return {
    url: addressOf(clusterUrl, name),
    drop: () => withAdmin(clusterUrl, (admin) => admin.query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`)),
  };
}

function templateFor(clusterUrl: string, folders: readonly MigrationFolder[]): Promise<string> {
  const key = `${clusterUrl} ${folders.map(({ folder }) => folder).join()}`;
  let template = templates.get(key);
  if (template === undefined) {
    template = makeTemplate(clusterUrl, folders);
    templates.set(key, template);
  }
  return template;
}

/** Test workers start at once: the first one makes the template, the others wait for it. */
async function makeTemplate(clusterUrl: string, folders: readonly MigrationFolder[]): Promise<string> {
  const migrations = await readMigrations(folders);
  const hash = createHash("sha256")
    .update(JSON.stringify([migrations, folders.map(({ audited }) => audited)]))
    .digest("hex")
    .slice(0, 12);
  const name = `zg_template_${hash}`;
  await withAdmin(clusterUrl, async (admin) => {
    await admin.query("SELECT pg_advisory_lock(hashtext('zhanggui template'))");
    const { rowCount } = await admin.query("SELECT 1 FROM pg_database WHERE datname = $1", [name]);
    if (rowCount === 1) return;
    const draft = `${name}_draft`;
    await admin.query(`DROP DATABASE IF EXISTS ${draft} WITH (FORCE)`);
    await admin.query(`CREATE DATABASE ${draft}`);
    const url = addressOf(clusterUrl, draft);
    // One role for all copies of the template: policies name it, and copies keep them.
    await migrate(url, folders, { tenantRole: name });
    // Named last: a run that was killed before leaves no template that looks finished.
    await admin.query(`ALTER DATABASE ${draft} RENAME TO ${name}`);
  });
  return name;
}

async function withAdmin(clusterUrl: string, work: (admin: pg.Client) => Promise<unknown>): Promise<void> {
  const admin = new pg.Client({ connectionString: clusterUrl });
  await admin.connect();
  try {
    await work(admin);
  } finally {
    await admin.end();
  }
}

function addressOf(clusterUrl: string, database: string): string {
  const url = new URL(clusterUrl);
  url.pathname = `/${database}`;
  return url.href;
}
