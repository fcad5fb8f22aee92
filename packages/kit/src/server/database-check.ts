import pg from "pg";
import { OperatorError } from "./operator-error.ts";

/** What a login lacks for the server to work, and what an administrator runs about it. */
export interface DatabaseProblem {
  readonly sentence: string;
  /** Empty where no statement helps. */
  readonly remedy: readonly string[];
}

export interface DatabaseCheckOptions {
  /** The role that queries of a tenant run as; not looked at when absent. */
  readonly tenantRole?: string | ((database: string) => string);
}

/** The oldest PostgreSQL whose SQL we write. */
export const oldestVersion = 15;

interface Facts {
  readonly version: number;
  readonly database: string;
  readonly login: string;
  readonly mayCreateInDatabase: boolean;
  readonly mayCreateInSchema: boolean;
  readonly mayCreateRoles: boolean;
}

/**
 * Looks at the server and at what the login may do there. Changes nothing; an empty list: all is well.
 *
 * @throws DatabaseNotReady if it can't be reached
 */
export async function checkDatabase(
  databaseUrl: string,
  { tenantRole }: DatabaseCheckOptions = {},
): Promise<DatabaseProblem[]> {
  const client = new pg.Client({ connectionString: databaseUrl, application_name: "zhanggui check" });
  client.on("error", () => {});
  await client.connect().catch((cause: Error & { code?: string }) => {
    // Of several addresses that failed, the message is empty.
    const why = cause.message || cause.code || "no answer";
    throw new DatabaseNotReady(`PostgreSQL can't be reached (${why}); see DATABASE_URL.`, { cause });
  });
  try {
    const { rows } = await client.query<Facts>(
      `SELECT current_setting('server_version_num')::int / 10000 AS version,
         current_database()::text AS database, current_user::text AS login,
         has_database_privilege(current_database(), 'CREATE') AS "mayCreateInDatabase",
         has_schema_privilege('public', 'CREATE') AS "mayCreateInSchema",
         rolcreaterole OR rolsuper AS "mayCreateRoles"
       FROM pg_roles WHERE rolname = current_user`,
    );
    const [facts] = rows;
    if (facts === undefined) throw new Error("PostgreSQL doesn't say who we are");
    const problems = problemsOf(facts);
    if (tenantRole === undefined) return problems;
    const role = typeof tenantRole === "string" ? tenantRole : tenantRole(facts.database);
    return [...problems, ...(await problemsOfRole(client, facts, role))];
  } finally {
    await client.end();
  }
}

export class DatabaseNotReady extends OperatorError {
  override readonly name = "DatabaseNotReady";
}

/** @throws DatabaseNotReady with every problem and its remedy */
export async function assertDatabase(databaseUrl: string, options: DatabaseCheckOptions = {}): Promise<void> {
  const problems = await checkDatabase(databaseUrl, options);
  if (problems.length > 0) throw new DatabaseNotReady(describeProblems(problems));
}

/** Each sentence, then the statements to run. */
function describeProblems(problems: readonly DatabaseProblem[]): string {
  const lines = problems.flatMap(({ sentence, remedy }) => [
    sentence,
    ...(remedy.length === 0 ? [] : ["  An administrator runs:", ...remedy.map((line) => `    ${line}`)]),
  ]);
  return `The database is not ready for this server:\n${lines.map((line) => `  ${line}`).join("\n")}`;
}

function problemsOf(facts: Facts): DatabaseProblem[] {
  const [database, login] = [facts.database, facts.login].map((name) => pg.escapeIdentifier(name));
  const problems: DatabaseProblem[] = [];
  if (facts.version < oldestVersion) {
    problems.push({
      sentence: `PostgreSQL ${facts.version} is too old; ${oldestVersion} or newer is needed.`,
      remedy: [],
    });
  }
  if (!facts.mayCreateInDatabase) {
    problems.push({
      sentence: `${facts.login} may not create schemas in the database ${facts.database}.`,
      remedy: [`GRANT CREATE ON DATABASE ${database} TO ${login};`],
    });
  }
  if (!facts.mayCreateInSchema) {
    problems.push({
      sentence: `${facts.login} may not create tables in the schema public of ${facts.database}.`,
      remedy: [`GRANT USAGE, CREATE ON SCHEMA public TO ${login};`],
    });
  }
  return problems;
}

/** The login must be able to step down to the role: it made it, or an administrator made it a member. */
async function problemsOfRole(client: pg.Client, facts: Facts, role: string): Promise<DatabaseProblem[]> {
  // From 16 on membership alone isn't enough: SET is an option of its own, which whoever has ADMIN may grant to itself.
  // Before, whoever may create roles may also grant them.
  const may =
    facts.version >= 16
      ? "pg_has_role(current_user, oid, 'SET') OR pg_has_role(current_user, oid, 'MEMBER WITH ADMIN OPTION')"
      : `pg_has_role(current_user, oid, 'MEMBER') OR ${facts.mayCreateRoles}`;
  const { rows } = await client.query<{ mayStepDown: boolean }>(
    `SELECT ${may} AS "mayStepDown" FROM pg_roles WHERE rolname = $1`,
    [role],
  );
  const [quoted, login] = [role, facts.login].map((name) => pg.escapeIdentifier(name));
  const create = `CREATE ROLE ${quoted} NOLOGIN;`;
  const grant = `GRANT ${quoted} TO ${login};`;
  const [found] = rows;
  if (found === undefined) {
    if (facts.mayCreateRoles) return [];
    const sentence = `The role ${role}, which keeps tenants apart, isn't there, and ${facts.login} may not create it.`;
    return [{ sentence, remedy: [create, grant] }];
  }
  if (found.mayStepDown) return [];
  return [{ sentence: `${facts.login} may not act as the role ${role}, which keeps tenants apart.`, remedy: [grant] }];
}
