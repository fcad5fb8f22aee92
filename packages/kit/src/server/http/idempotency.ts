import { createHash } from "node:crypto";
import type { FastifyRequest } from "fastify";
import { Fault } from "../../contract/fault.ts";
import {
  idempotencyInProgress,
  idempotencyKeyMissing,
  idempotencyKeyReused,
  idempotencyUnknown,
} from "../../contract/faults.ts";
import type { Route } from "../../contract/route.ts";
import type { Ctx } from "../ctx.ts";
import { keptReply } from "../kit.sealed.ts";
import type { Runtime } from "../runtime.ts";
import { timeLimitOf } from "./lifetimes.ts";
import type { JsonReply } from "./reply.ts";

/** A day is longer than anybody's retries. */
const keptMs = 86_400_000;
/** A call that is over its time limit by this much has died with its process. */
const graceMs = 60_000;
const prunedAtOnce = 1000;

interface Row {
  readonly hash: string;
  readonly state: "running" | "done" | "unknown";
  readonly lease: Date;
  readonly replySealed: string | null;
}

/**
 * Calls that may be repeated (draft-ietf-httpapi-idempotency-key-header). The first call with a key writes a row before
 * it begins, which only one can; when it is done the row has its reply, and whoever comes with the key gets that.
 *
 * A call that was refused with a fault did nothing, so its key is free again. One that broke off in the middle may have
 * taken effect or not: it isn't run again, and whoever repeats it is told so.
 */
export class Idempotency {
  readonly #runtime: Runtime;

  constructor(runtime: Runtime) {
    this.#runtime = runtime;
    runtime.schedule("kit.prune_idempotency", "23 * * * *", () => this.prune());
  }

  /** Runs `work` unless this call was made before; then returns the reply of that time. */
  async once(
    ctx: Ctx,
    route: Route,
    request: FastifyRequest,
    input: unknown,
    work: () => Promise<JsonReply>,
  ): Promise<{ reply: JsonReply; replayed: boolean }> {
    const key = request.headers["idempotency-key"];
    if (typeof key !== "string" || key === "" || key.length > 200) throw idempotencyKeyMissing();
    const id: Id = { ctx, account: ctx.actor.id, route: route.id, key };
    const hash = createHash("sha256").update(JSON.stringify(input)).digest("base64url");
    const before = await this.#begin(id, hash, timeLimitOf(route));
    if (before !== undefined) return { reply: this.#repeated(id, before, hash), replayed: true };
    try {
      const reply = await work();
      await this.#finish(id, reply);
      return { reply, replayed: false };
    } catch (error) {
      // That its time was up, or its server about to end, reaches a call in the middle, as a fault too.
      const wasRefused = error instanceof Fault && !error.definition.isOutcomeUnknown && !ctx.signal.aborted;
      await (wasRefused ? release(id) : settle(id, "unknown", null));
      throw error;
    }
  }

  /** In batches: after a busy day one statement would take longer than a statement may, and so never end. */
  async prune(): Promise<void> {
    const before = new Date(this.#runtime.clock.now().getTime() - keptMs);
    for (let gone = prunedAtOnce; gone === prunedAtOnce;) {
      const rows = await this.#runtime.ownerTransaction((trx) =>
        trx.query(
          `DELETE FROM kit_idempotency WHERE (tenant_id, account, route, key) IN (
             SELECT tenant_id, account, route, key FROM kit_idempotency WHERE created_at < $1
             ORDER BY created_at LIMIT ${prunedAtOnce}) RETURNING key`,
          [before],
        ),
      );
      gone = rows.length;
    }
  }

  /** Undefined if the key is this call's now, else the row of whoever had it before. */
  async #begin({ ctx, account, route, key }: Id, hash: string, timeLimitMs: number): Promise<Row | undefined> {
    const now = ctx.now();
    const lease = new Date(now.getTime() + timeLimitMs + graceMs);
    const inserted = await ctx.sql`
      INSERT INTO kit_idempotency (account, route, key, hash, state, lease, created_at)
      VALUES (${account}, ${route}, ${key}, ${hash}, 'running', ${lease}, ${now})
      ON CONFLICT DO NOTHING RETURNING 1 AS inserted`;
    if (inserted.length > 0) return undefined;
    const [row] = await ctx.sql<Row>`
      SELECT hash, state, lease, reply_sealed FROM kit_idempotency
      WHERE account = ${account} AND route = ${route} AND key = ${key}`;
    // Refused and released between the two statements: the next try will find the key free.
    if (row === undefined) throw idempotencyInProgress();
    return row;
  }

  #repeated(id: Id, { hash, state, lease, replySealed }: Row, now: string): JsonReply {
    if (hash !== now) throw idempotencyKeyReused();
    if (state === "done" && replySealed !== null) {
      return JSON.parse(this.#runtime.secrets.open(replySealed, contextOf(id))) as JsonReply;
    }
    throw state === "running" && lease > id.ctx.now() ? idempotencyInProgress() : idempotencyUnknown();
  }

  async #finish(id: Id, reply: JsonReply): Promise<void> {
    await settle(id, "done", this.#runtime.secrets.seal(JSON.stringify(reply), contextOf(id)));
  }
}

interface Id {
  readonly ctx: Ctx;
  readonly account: string;
  readonly route: string;
  readonly key: string;
}

function contextOf({ ctx, account, route, key }: Id): string {
  return keptReply.context({ tenant_id: ctx.tenantId, account, route, key });
}

async function settle(
  { ctx, account, route, key }: Id,
  state: Row["state"],
  replySealed: string | null,
): Promise<void> {
  await ctx.sql`
    UPDATE kit_idempotency SET state = ${state}, reply_sealed = ${replySealed}
    WHERE account = ${account} AND route = ${route} AND key = ${key}`;
}

async function release({ ctx, account, route, key }: Id): Promise<void> {
  await ctx.sql`DELETE FROM kit_idempotency WHERE account = ${account} AND route = ${route} AND key = ${key}`;
}
