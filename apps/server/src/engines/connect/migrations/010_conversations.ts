// additive
import type { Backfill } from "@zhanggui/kit/server/migrate/backfill";

const said = "('text', 'image', 'voice', 'video', 'shortvideo', 'location', 'link')";

/**
 * The conversations of before, a few thousand messages at a time, in the order in which they came, as if they had been
 * kept all along; what came since is later, and stays.
 */
export const backfill: Backfill = async (trx, after) => {
  const [tenantId, id] = (after ?? ["00000000-0000-0000-0000-000000000000", null]) as [string, string | null];
  const batch = `SELECT * FROM connect_inbound WHERE (tenant_id, id) > ($1::uuid, coalesce($2::uuid, $1::uuid))
    ORDER BY tenant_id, id LIMIT 2000`;
  // Whose last words are older than two days can't be answered any more.
  await trx.query(
    `INSERT INTO connect_conversation AS c
       (tenant_id, wechat_app_id, openid, state, waiting_since, settled_by, last_id, last_at, last_kind, last_text)
     SELECT tenant_id, wechat_app_id, openid, state, CASE WHEN state = 'waiting' THEN at END, reply_by,
       id, at, kind, text
     FROM (
       SELECT DISTINCT ON (tenant_id, wechat_app_id, openid) tenant_id, wechat_app_id, openid, id, kind, reply_by,
         least(sent_at, received_at) AS at, left(content->>'Content', 2000) AS text,
         CASE WHEN reply_by IS NOT NULL THEN 'answered'
           WHEN received_at < now() - interval '48 hours' THEN 'missed' ELSE 'waiting' END AS state
       FROM (${batch}) b WHERE kind IN ${said}
       ORDER BY tenant_id, wechat_app_id, openid, id DESC
     ) latest
     ON CONFLICT (tenant_id, wechat_app_id, openid) DO UPDATE SET
       state = excluded.state, waiting_since = excluded.waiting_since, settled_by = excluded.settled_by,
       last_id = excluded.last_id, last_at = excluded.last_at, last_kind = excluded.last_kind,
       last_text = excluded.last_text
     WHERE c.last_id < excluded.last_id`,
    [tenantId, id],
  );
  await trx.query(
    `UPDATE connect_conversation c SET state = 'left', waiting_since = NULL FROM (${batch}) b
     WHERE b.kind = 'event:unsubscribe' AND c.tenant_id = b.tenant_id AND c.wechat_app_id = b.wechat_app_id
       AND c.openid = b.openid AND c.last_id < b.id AND c.state = 'waiting'`,
    [tenantId, id],
  );
  const [last] = await trx.query<{ tenant_id: string; id: string }>(
    `SELECT tenant_id, id FROM (${batch}) b ORDER BY tenant_id DESC, id DESC LIMIT 1`,
    [tenantId, id],
  );
  return last && [last.tenant_id, last.id];
};
