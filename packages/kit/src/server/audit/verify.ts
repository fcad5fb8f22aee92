import type { Database } from "../database.ts";
import type { OwnerTransaction } from "../owner-transaction.ts";
import { entriesHash, entryHash, sealHash, shortestKeptDays, takeTurn } from "./seal.ts";

/** A transaction of the owner's, in which nothing of a chain is made or removed meanwhile. */
type Owner = Pick<OwnerTransaction, "query">;

/** What is wrong with a chain: an entry, named by its id, or a seal by its number. */
export interface Finding {
  readonly what: "entry_altered" | "entry_removed" | "entry_inserted" | "seal_altered" | "seal_removed" | "chain_cut";
  /** The entry's id, or the seal's number. */
  readonly which: string;
  /** The seal that it is told by; of an entry that is in none, 0. */
  readonly seal: number;
}

export interface Verification {
  readonly tenantId: string;
  readonly seals: number;
  readonly entries: number;
  readonly lastNumber: number;
  /** Hexadecimal; whoever notes it elsewhere can tell later that the chain up to there is the same. */
  readonly lastHash: string | null;
  readonly findings: readonly Finding[];
}

/** So many findings are named; a database that was overwritten needs no longer list. */
const mostNamed = 100;
/** Seals that are read at once. */
const batch = 20;
const dayMs = 86_400_000;

/**
 * Checks a tenant's chain from its beginning: each seal on the one before it, each entry against its hash, and that no
 * entry stands in no seal, save those that wait for one; and that nothing was removed before its time. Reads only.
 *
 * @param trx holds the chain as it is until it ends
 */
export async function verifyTenant(trx: Owner, tenantId: string, now: Date): Promise<Verification> {
  await takeTurn(trx, tenantId);
  const prunable = new Date(now.getTime() - shortestKeptDays * dayMs);
  const findings: Finding[] = [];
  let [seals, entries, last] = [0, 0, { number: 0, hash: null as string | null }];
  let isFirst = true;
  for (let after = 0; ; after = last.number) {
    const rows = await trx.query<SealRow>(sealsText, [tenantId, after, prunable]);
    for (const row of rows) {
      findings.push(...findingsOf(row, isFirst ? undefined : last));
      last = { number: row.number, hash: row.hash };
      seals += 1;
      entries += row.entries;
      isFirst = false;
    }
    if (rows.length < batch) break;
  }
  const stray = await trx.query<{ id: string }>(strayText, [tenantId]);
  findings.push(...stray.map(({ id }): Finding => ({ what: "entry_inserted", which: id, seal: 0 })));
  const unwritten = await trx.query<{ id: string }>(unwrittenText, [tenantId]);
  findings.push(...unwritten.map(({ id }): Finding => ({ what: "entry_removed", which: id, seal: 0 })));
  findings.push(...(await cutOf(trx, tenantId, last.number)));
  return {
    tenantId,
    seals,
    entries,
    lastNumber: last.number,
    lastHash: last.hash,
    findings: findings.slice(0, mostNamed),
  };
}

interface SealRow {
  readonly number: number;
  readonly entries: number;
  readonly hash: string;
  readonly previous: string;
  readonly holds: boolean;
  readonly is_pruned: boolean;
  readonly altered: string[];
  readonly removed: string[];
}

/** Each seal with what its own row says of itself, and what has become of the entries that it holds. */
const sealsText = `
  SELECT s.number, s.entries, encode(s.hash, 'hex') AS hash, encode(s.previous_hash, 'hex') AS previous,
    s.pruned_at IS NOT NULL AS is_pruned,
    s.hash = ${sealHash} AND (CASE WHEN s.pruned_at IS NOT NULL THEN s.last_at < $3 ELSE
      s.entries = cardinality(s.entry_ids)
      AND s.entries_hash = ${entriesHash("s.entry_ids", "s.entry_hashes")} END) AS holds,
    array(SELECT h.id::text FROM unnest(s.entry_ids, s.entry_hashes) AS h(id, hash)
      JOIN kit_audit_entry e ON e.tenant_id = s.tenant_id AND e.id = h.id WHERE ${entryHash} <> h.hash) AS altered,
    array(SELECT h.id::text FROM unnest(s.entry_ids, s.entry_hashes) AS h(id, hash)
      WHERE NOT EXISTS (SELECT FROM kit_audit_entry e WHERE e.tenant_id = s.tenant_id AND e.id = h.id)) AS removed
  FROM kit_audit_seal s WHERE s.tenant_id = $1 AND s.number > $2 ORDER BY s.number LIMIT ${batch}`;

/** Entries in no seal: all but those that wait for one, in one snapshot. */
const strayText = `
  SELECT e.id FROM kit_audit_entry e WHERE e.tenant_id = $1
    AND NOT EXISTS (SELECT FROM kit_audit_unsealed u WHERE u.tenant_id = $1 AND u.entry_id = e.id)
    AND NOT EXISTS (
      SELECT FROM (SELECT unnest(s.entry_ids) AS id FROM kit_audit_seal s WHERE s.tenant_id = $1) AS sealed
      WHERE sealed.id = e.id)
  ORDER BY e.id LIMIT ${mostNamed}`;

/** Entries that wait for a seal, and aren't there. */
const unwrittenText = `
  SELECT u.entry_id AS id FROM kit_audit_unsealed u WHERE u.tenant_id = $1
    AND NOT EXISTS (SELECT FROM kit_audit_entry e WHERE e.tenant_id = $1 AND e.id = u.entry_id)
  ORDER BY 1 LIMIT ${mostNamed}`;

function findingsOf(row: SealRow, before: { readonly number: number; readonly hash: string | null } | undefined) {
  const { number: seal } = row;
  const found: Finding[] = [];
  const from = before?.number ?? (row.is_pruned ? seal - 1 : 0);
  for (let gone = from + 1; gone < seal && found.length < mostNamed; gone++) {
    found.push({ what: "seal_removed", which: `${gone}`, seal: gone });
  }
  const stands = row.previous === (before?.hash ?? (row.is_pruned ? row.previous : ""));
  // Only what the chain begins with is there without its entries.
  const isEmptied = row.is_pruned && before !== undefined;
  // One that stands on a seal that is gone, is as it was.
  if (!row.holds || isEmptied || (!stands && found.length === 0))
    found.push({ what: "seal_altered", which: `${seal}`, seal });
  found.push(...row.altered.map((which): Finding => ({ what: "entry_altered", which, seal })));
  found.push(...row.removed.map((which): Finding => ({ what: "entry_removed", which, seal })));
  return found;
}

/** Whether the chain still reaches as far as the last verification saw, and is the same there. */
async function cutOf(trx: Owner, tenantId: string, lastNumber: number): Promise<Finding[]> {
  const [seen] = await trx.query<{ last_number: number; is_same: boolean | null }>(
    `SELECT v.last_number, (SELECT s.hash = v.last_hash FROM kit_audit_seal s
       WHERE s.tenant_id = v.tenant_id AND s.number = v.last_number) AS is_same
     FROM kit_audit_verification v WHERE v.tenant_id = $1 AND v.last_hash IS NOT NULL`,
    [tenantId],
  );
  if (seen === undefined) return [];
  if (lastNumber < seen.last_number) {
    return [{ what: "chain_cut", which: `${seen.last_number}`, seal: seen.last_number }];
  }
  // Undefined where the seal itself is no longer kept.
  if (seen.is_same !== false) return [];
  return [{ what: "seal_altered", which: `${seen.last_number}`, seal: seen.last_number }];
}

/** Verifies the chains of all tenants, each in a transaction of its own. */
export async function* verifyChains(database: Database): AsyncGenerator<Verification, void, undefined> {
  const tenants = await database.transaction({}, (trx) =>
    trx.query<{ tenant_id: string }>(
      `SELECT tenant_id FROM kit_audit_seal UNION SELECT tenant_id FROM kit_audit_unsealed
       UNION SELECT tenant_id FROM kit_audit_entry UNION SELECT tenant_id FROM kit_audit_verification ORDER BY 1`,
    ),
  );
  for (const { tenant_id: tenantId } of tenants)
    yield await database.transaction({}, (trx) => verifyTenant(trx, tenantId, new Date()));
}

/** Keeps what a verification found, and how far the chain reached. */
export async function keepVerification(trx: Owner, { tenantId, ...found }: Verification, now: Date): Promise<void> {
  const { seals, entries, lastNumber, lastHash, findings } = found;
  await trx.query(
    `INSERT INTO kit_audit_verification AS v (tenant_id, at, seals, entries, last_number, last_hash, findings)
     VALUES ($1, $2, $3, $4, $5, decode($6, 'hex'), $7)
     ON CONFLICT (tenant_id) DO UPDATE SET at = $2, seals = $3, entries = $4, findings = $7,
       -- What was seen once stays seen: a chain that was cut doesn't become a whole one by being looked at again.
       last_number = CASE WHEN $8 THEN $5 ELSE v.last_number END,
       last_hash = CASE WHEN $8 THEN decode($6, 'hex') ELSE v.last_hash END`,
    [tenantId, now, seals, entries, lastNumber, lastHash, JSON.stringify(findings), findings.length === 0],
  );
}
