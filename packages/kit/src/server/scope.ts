import pg from "pg";

/**
 * Whose rows a statement sees: row-level security compares each row's `tenant_id` with the setting `zg.tenant`, for
 * whoever works in the database's tenant role (policies.ts).
 */
export interface TenantScope {
  /** The role without rights of its own beside those that the policies narrow. */
  readonly role: string;
  readonly tenantId: string;
  /** False behind a pooler, whose connections don't keep what was prepared on them. */
  readonly prepares: boolean;
  /** What the columns' defaults (`zg_now()`, `zg_id()`) take for the present. */
  now(): Date;
}

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** Steps into a tenant until the transaction ends. */
export function enterScope({ role, tenantId, now }: TenantScope): string {
  return [
    `SET LOCAL ROLE ${pg.escapeIdentifier(role)}`,
    `SET LOCAL zg.tenant = '${checkedTenant(tenantId)}'`,
    `SET LOCAL zg.now = '${now().toISOString()}'`,
  ].join("; ");
}

/**
 * Steps from a tenant, or from the owner, to the other, in one statement: batches of many tenants take many steps. The
 * owner has no tenant, so that the policies raise an error rather than show a row. Fails as `assertScope` does.
 */
export function changeScope(from: TenantScope | undefined, to: TenantScope | undefined): string {
  const [role, tenantId] = to === undefined ? ["none", ""] : [to.role, checkedTenant(to.tenantId)];
  const settings = { role, "zg.tenant": tenantId, "zg.now": to?.now().toISOString() ?? "" };
  const steps = Object.entries(settings).map(
    ([name, value]) => `set_config('${name}', ${pg.escapeLiteral(value)}, true)`,
  );
  // First, for what is listed is worked out in this order.
  return `SELECT ${[...(from === undefined ? [] : [isInScope(from)]), ...steps].join(", ")}`;
}

/** Fails with SQLSTATE 22012 if something in between has left the scope: nothing of that may be committed. */
export function assertScope(scope: TenantScope): string {
  return `SELECT ${isInScope(scope)}`;
}

function isInScope({ role, tenantId }: TenantScope): string {
  return `1 / (current_user = ${pg.escapeLiteral(role)}
    AND current_setting('zg.tenant') = '${checkedTenant(tenantId)}')::int`;
}

function checkedTenant(tenantId: string): string {
  if (!uuid.test(tenantId)) throw new Error(`not a tenant's id: ${tenantId}`);
  return tenantId;
}

/** What a ctx may send: statements on rows. Everything else is a step out of the scope, or the kit's to say. */
const rowStatement = /^[\s(]*(select|insert|update|delete|merge|with|values|table)\b/i;

/** What outlives the statement on a connection that the next tenant gets, or belongs to no tenant at all. */
const lasting =
  /\binto\s+(local\s+|global\s+)?temp(orary)?\b|\bpg_temp\b|\bpg_(try_)?advisory_(un)?lock|\blo_\w+\s*\(/i;

/**
 * A net for mistakes, not a wall against malice: whoever can write code of this server can reach its database anyway.
 *
 * @throws Error for a statement that could leave its tenant
 */
export function assertRowStatement(text: string): void {
  if (!rowStatement.test(text)) {
    throw new Error(`a ctx runs statements on rows only, not ${text.trim().slice(0, 40)}`);
  }
  if (/\bset_config\b/i.test(text)) throw new Error("set_config would leave the tenant");
  const lasts = lasting.exec(text)?.[0];
  if (lasts !== undefined) throw new Error(`${lasts} would leave something to the connection's next user`);
}

/** The parts of pg's connection that a query writes to (pg 8.23, lib/connection.js). */
interface Wire {
  readonly stream: { cork(): void; uncork(): void };
  /** By name, the texts of what was prepared on this connection. */
  readonly parsedStatements: Record<string, string>;
  parse(message: { text: string; name?: string }): void;
  bind(message: { values: readonly string[]; statement?: string }): void;
  execute(message: { portal: string }): void;
}
interface WireMessage {
  readonly fields: unknown;
}
/** The parts of pg's own query that are built upon (pg 8.23, lib/query.js). */
interface PgQuery extends pg.Submittable {
  prepare(connection: Wire): void;
  handleDataRow(message: WireMessage): void;
  handleCommandComplete(message: WireMessage, connection: Wire): void;
}
type QueryCallback = (error: Error | null, result: pg.QueryResult) => void;
const PgQuery = pg.Query as unknown as new (
  config: { text: string; values: readonly unknown[]; queryMode: "extended" },
  values: undefined,
  callback: QueryCallback,
) => PgQuery;

const enterName = "zg_enter";
const enterByFunction =
  "SELECT set_config('role', $1, true), set_config('zg.tenant', $2, true), set_config('zg.now', $3, true)";

/**
 * One statement in a tenant's scope, in one round trip: the scope and the statement go out under one Sync, which
 * PostgreSQL runs as one transaction, so that the scope ends with the statement.
 */
class ScopedQuery extends PgQuery {
  readonly #scope: TenantScope;
  #entered = false;

  constructor(scope: TenantScope, text: string, values: readonly unknown[], callback: QueryCallback) {
    // The simple protocol, which pg would use where there are no values, takes several statements in one text.
    super({ text, values, queryMode: "extended" }, undefined, callback);
    this.#scope = scope;
  }

  override prepare(connection: Wire): void {
    const { role, tenantId, now, prepares } = this.#scope;
    const name = prepares ? enterName : "";
    if (!prepares || connection.parsedStatements[name] === undefined) {
      connection.parse({ text: enterByFunction, name });
      if (prepares) connection.parsedStatements[name] = enterByFunction;
    }
    connection.bind({ values: [role, tenantId, now().toISOString()], statement: name });
    connection.execute({ portal: "" });
    super.prepare(connection);
  }

  override handleDataRow(message: WireMessage): void {
    if (this.#entered) super.handleDataRow(message);
  }

  override handleCommandComplete(message: WireMessage, connection: Wire): void {
    if (this.#entered) super.handleCommandComplete(message, connection);
    this.#entered = true;
  }
}

/** Runs one statement as the tenant, outside of a transaction. */
export function queryInScope(
  client: pg.ClientBase,
  scope: TenantScope,
  text: string,
  values: readonly unknown[],
): Promise<pg.QueryResult> {
  // Here, not while pg writes the message: what throws there leaves the connection half-used.
  checkedTenant(scope.tenantId);
  return new Promise((resolve, reject) => {
    client.query(
      new ScopedQuery(scope, text, values, (error, result) => (error === null ? resolve(result) : reject(error))),
    );
  });
}
