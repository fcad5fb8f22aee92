import type { OpenOwnerTransaction, OwnerTransaction } from "../owner-transaction.ts";

/** So many entries are sealed at once: a seal is one row, and is read whole. */
const sealedAtOnce = 1000;

/** Nothing younger is ever removed: China's Cybersecurity Law (2016, art. 21) asks for six months of logs at least. */
export const shortestKeptDays = 184;

/**
 * The canonical form of an entry `e`, hashed: a JSON array of its columns, in the text that PostgreSQL gives to jsonb.
 * What older entries don't have (who acted in another's name) stands at its end where there is one, so theirs stay.
 * It stands here and not in the database, whose functions could be changed together with its rows.
 */
export const entryHash = `sha256(convert_to((jsonb_build_array(
  e.tenant_id, e.id, (extract(epoch FROM e.at) * 1000)::bigint,
  e.actor_kind, e.actor_id, e.actor_name, e.source, e.trace_id, e.call_id, e.act, e.kind, e.outcome, e.thing_kind,
  e.thing_id, e.title, e.part, e.was, e.became, e.masked, e.details)
  || CASE WHEN e.impersonator_id IS NULL THEN '[]' ELSE jsonb_build_array(e.impersonator_id, e.impersonator_name) END
  )::text, 'UTF8'))`;

/** Of a seal's entries: each id beside its hash, in the order of the seal. */
export const entriesHash = (ids: string, hashes: string): string =>
  `(SELECT sha256(coalesce(string_agg(uuid_send(id) || hash, ''::bytea ORDER BY place), ''::bytea))
    FROM unnest(${ids}, ${hashes}) WITH ORDINALITY AS each(id, hash, place))`;

/** Of a seal: what it stands on, its number, how much it holds from when to when, and what. */
export const sealHash = `sha256(previous_hash || int8send(number) || int4send(entries)
  || int8send((extract(epoch FROM first_at) * 1000)::bigint) || int8send((extract(epoch FROM last_at) * 1000)::bigint)
  || entries_hash)`;

/**
 * Seals what tenants' transactions have committed, tenant by tenant, in transactions of its own: one that is broken off
 * leaves everything as it was. A tenant whose chain is being sealed, pruned or verified is passed over until the next
 * time: the others don't wait for it.
 *
 * @returns how many entries were sealed
 */
export async function sealEntries(transaction: OpenOwnerTransaction, now: () => Date): Promise<number> {
  const tenants = await transaction((trx) =>
    trx.query<{ tenant_id: string }>(
      `WITH RECURSIVE each AS (
       (SELECT tenant_id FROM kit_audit_unsealed ORDER BY tenant_id LIMIT 1)
       UNION ALL
       SELECT (SELECT u.tenant_id FROM kit_audit_unsealed u WHERE u.tenant_id > each.tenant_id
         ORDER BY u.tenant_id LIMIT 1) FROM each WHERE each.tenant_id IS NOT NULL)
     SELECT tenant_id FROM each WHERE tenant_id IS NOT NULL`,
    ),
  );
  let sealed = 0;
  for (const { tenant_id: tenantId } of tenants) {
    for (let count = sealedAtOnce; count === sealedAtOnce; sealed += count) {
      count = await transaction((trx) => sealSome(trx, tenantId, now()));
    }
  }
  return sealed;
}

/** Whoever writes entries takes no lock; only those that seal, prune and verify a chain come one after the other. */
export async function takeTurn(trx: Pick<OwnerTransaction, "query">, tenantId: string): Promise<void> {
  await trx.query("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", [turnOf(tenantId)]);
}

function turnOf(tenantId: string): string {
  return `${tenantId} kit.audit`;
}

async function sealSome(trx: OwnerTransaction, tenantId: string, now: Date): Promise<number> {
  const taken = "SELECT pg_try_advisory_xact_lock(hashtextextended($1, 0)) AS is_ours";
  const [turn] = await trx.query<{ is_ours: boolean }>(taken, [turnOf(tenantId)]);
  if (turn?.is_ours !== true) return 0;
  const rows = await trx.query<{ entries: number }>(
    `WITH taken AS (
       DELETE FROM kit_audit_unsealed WHERE tenant_id = $1 AND entry_id IN (
         SELECT u.entry_id FROM kit_audit_unsealed u
         JOIN kit_audit_entry e ON e.tenant_id = u.tenant_id AND e.id = u.entry_id
         WHERE u.tenant_id = $1 ORDER BY u.entry_id LIMIT ${sealedAtOnce})
       RETURNING entry_id
     ), hashed AS (
       SELECT e.id, e.at, ${entryHash} AS hash FROM taken
       JOIN kit_audit_entry e ON e.tenant_id = $1 AND e.id = taken.entry_id
     ), batch AS (
       SELECT count(*)::int AS entries, min(at) AS first_at, max(at) AS last_at,
         array_agg(id ORDER BY id) AS ids, array_agg(hash ORDER BY id) AS hashes
       FROM hashed HAVING count(*) > 0
     ), last AS (
       SELECT number, hash FROM kit_audit_seal WHERE tenant_id = $1 ORDER BY number DESC LIMIT 1
     ), next AS (
       SELECT batch.*, ${entriesHash("batch.ids", "batch.hashes")} AS entries_hash,
         coalesce((SELECT number FROM last), 0) + 1 AS number,
         coalesce((SELECT hash FROM last), ''::bytea) AS previous_hash
       FROM batch
     )
     INSERT INTO kit_audit_seal (tenant_id, number, entries, first_at, last_at, entry_ids, entry_hashes, entries_hash,
       previous_hash, hash, sealed_at)
     SELECT $1::uuid, number, entries, first_at, last_at, ids, hashes, entries_hash,
       previous_hash, ${sealHash}, $2::timestamptz FROM next
     RETURNING entries`,
    [tenantId, now],
  );
  return rows[0]?.entries ?? 0;
}

/**
 * Removes the entries of seals whose last one is older than `before`, whole seals from the oldest on. The last of these
 * seals stays, without its entries: the chain begins with it.
 *
 * @returns how many entries are gone
 */
export async function pruneSealed(
  transaction: OpenOwnerTransaction,
  tenantId: string,
  { before, now }: { readonly before: Date; readonly now: Date },
): Promise<number> {
  let pruned = 0;
  for (let gone = 1; gone > 0; pruned += gone) {
    gone = await transaction(async (trx) => {
      await takeTurn(trx, tenantId);
      const [oldest] = await trx.query<{ number: number; entry_ids: string[] }>(
        `SELECT number, entry_ids FROM kit_audit_seal s WHERE tenant_id = $1 AND pruned_at IS NULL AND last_at < $2
           AND NOT EXISTS (SELECT FROM kit_audit_seal b WHERE b.tenant_id = $1 AND b.number < s.number
             AND b.pruned_at IS NULL)
         ORDER BY number LIMIT 1`,
        [tenantId, before],
      );
      if (oldest === undefined) return 0;
      await trx.query("SELECT set_config('zg.audit_prune', 'on', true)");
      const removed = await trx.query(
        "DELETE FROM kit_audit_entry WHERE tenant_id = $1 AND id = ANY ($2::uuid[]) RETURNING id",
        [tenantId, oldest.entry_ids],
      );
      await trx.query(
        `UPDATE kit_audit_seal SET pruned_at = $3, entry_ids = '{}', entry_hashes = '{}'
         WHERE tenant_id = $1 AND number = $2`,
        [tenantId, oldest.number, now],
      );
      await trx.query("DELETE FROM kit_audit_seal WHERE tenant_id = $1 AND number < $2", [tenantId, oldest.number]);
      return Math.max(1, removed.length);
    });
  }
  return pruned;
}
