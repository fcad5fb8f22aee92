import type { Actor, TxCtx } from "./ctx.ts";

/** A transaction of the database's owner, which can step into a tenant and back. */
export interface OwnerTransaction {
  /** As the owner, outside of any tenant. Rows come as PostgreSQL names them, in snake_case. */
  query<Row extends object>(text: string, values?: readonly unknown[]): Promise<Row[]>;
  /** Goes on as a tenant. The step back happens with the next step: a query of the owner's, another tenant, the end. */
  runAsTenant<Result>(as: TenantWork, work: (ctx: TxCtx) => Promise<Result>): Promise<Result>;
  /** What `work` did in the database is undone if it throws; the rest of the transaction goes on. */
  savepoint<Result>(work: () => Promise<Result>): Promise<Result>;
}

/** Opens an owner's transaction. When `signal` is aborted the work is given up, and its connection ended. */
export type OpenOwnerTransaction = <Result>(
  work: (trx: OwnerTransaction) => Promise<Result>,
  options?: { readonly signal?: AbortSignal },
) => Promise<Result>;

/** For whom, by whom and in which trace something is done. */
export interface TenantWork {
  readonly tenantId: string;
  /** The system itself unless it says otherwise. */
  readonly actor?: Actor;
  readonly traceId?: string;
  /** See `Ctx.source`. */
  readonly source?: string;
  /** See `Ctx.agent`. */
  readonly agent?: string;
  readonly signal?: AbortSignal;
  /** The route that was called, and which call of it, for the audit log. */
  readonly act?: string;
  readonly callId?: string;
}
