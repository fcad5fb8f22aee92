import pg from "pg";
import { runPipeline, type Statement, type Step } from "./pipeline.ts";

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
  /** On whose behalf, in which call, as the audit log writes it: JSON, or empty for nobody's. */
  readonly audit: string;
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

const enterText = `SELECT WHERE set_config('role', $1, true) IS NULL OR set_config('zg.tenant', $2, true) IS NULL
  OR set_config('zg.now', $3, true) IS NULL OR set_config('zg.audit', $4, true) IS NULL`;

function entered(to: TenantScope | undefined): string[] {
  if (to === undefined) return ["none", "", "", ""];
  return [to.role, checkedTenant(to.tenantId), to.now().toISOString(), to.audit];
}

/**
 * Steps into a tenant, or back to the owner, until the transaction ends. The owner has no tenant, so that the policies
 * raise an error rather than show a row. Returns no rows, which somebody would have to read.
 */
export function entering(to: TenantScope | undefined): Step {
  return { name: "zg_enter", text: enterText, values: entered(to) };
}

/** The same for a statement whose plan isn't to be kept: one that PostgreSQL keeps was made for another tenant. */
function enteringToReplan(to: TenantScope): Step {
  const text = `${enterText} OR set_config('plan_cache_mode', $5, true) IS NULL`;
  return { name: "zg_enter_to_replan", text, values: [...entered(to), "force_custom_plan"] };
}

const isStillIn = "1 / (current_user = $1 AND current_setting('zg.tenant') = $2)::int = 1";
const checkText = `SELECT WHERE NOT ${isStillIn}`;

/** Fails with SQLSTATE 22012 if something in between has left the scope: nothing of that may be committed. */
export function checking({ role, tenantId }: TenantScope): Step {
  return { name: "zg_check", text: checkText, values: [role, checkedTenant(tenantId)] };
}

/** CASE, for only there is it certain what is looked at first. */
const switchText = `SELECT WHERE CASE WHEN ${isStillIn} THEN set_config('role', $3, true) IS NULL
  OR set_config('zg.tenant', $4, true) IS NULL OR set_config('zg.now', $5, true) IS NULL
  OR set_config('zg.audit', $6, true) IS NULL END`;

/** `checking` one scope, then `entering` another, in one statement. */
export function switching({ role, tenantId }: TenantScope, to: TenantScope | undefined): Step {
  return { name: "zg_switch", text: switchText, values: [role, checkedTenant(tenantId), ...entered(to)] };
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

/** Runs one statement as the tenant, outside of a transaction: one round trip; the scope ends with the statement. */
export async function queryInScope(
  client: pg.ClientBase,
  scope: TenantScope,
  statement: Statement,
): Promise<pg.QueryResult> {
  const enter = statement.replans && scope.prepares ? enteringToReplan(scope) : entering(scope);
  return runPipeline(client, [enter], statement, scope);
}
