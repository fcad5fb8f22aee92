// additive
import type { Backfill } from "@zhanggui/kit/server/migrate/backfill";

/** Who follows, of the people of before; a few thousand at a time, so that their messages don't wait for all. */
export const backfill: Backfill = async (trx, after) => {
  const [tenantId, id] = (after ?? ["00000000-0000-0000-0000-000000000000", null]) as [string, string | null];
  const people = await trx.query<{ tenant_id: string; id: string }>(
    `SELECT tenant_id, id FROM audience_person WHERE (tenant_id, id) > ($1::uuid, coalesce($2::uuid, $1::uuid))
     ORDER BY tenant_id, id LIMIT 2000`,
    [tenantId, id],
  );
  await trx.query(
    `UPDATE audience_person p SET following = true
     FROM unnest($1::uuid[], $2::uuid[]) AS of (tenant_id, id)
     WHERE p.tenant_id = of.tenant_id AND p.id = of.id AND NOT p.following AND EXISTS (
       SELECT FROM audience_identity i WHERE i.tenant_id = p.tenant_id AND i.person_id = p.id AND i.following)`,
    [people.map((person) => person.tenant_id), people.map((person) => person.id)],
  );
  const last = people.at(-1);
  return last && [last.tenant_id, last.id];
};
