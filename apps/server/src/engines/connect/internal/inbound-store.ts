import { Injectable } from "@nestjs/common";
import type { EventDefinition } from "@zhanggui/kit/contract/event";
import { newId } from "@zhanggui/kit/contract/ids";
import type { Ctx } from "@zhanggui/kit/server/ctx";
import { GroupCommit } from "@zhanggui/kit/server/group-commit";
import { emitting, loggedEvent, subscribedSince } from "@zhanggui/kit/server/events";
import { Runtime } from "@zhanggui/kit/server/runtime";
import { createdAt, dedupeKey, type InboundMessage } from "@zhanggui/wechat/messages";
import type { PassiveReply } from "@zhanggui/wechat/reply";
import type { Answer, IncomingMessage } from "../responders.ts";
import type { Snapshot } from "./snapshots.ts";

/** A message with the answer that a snapshot gave it. */
export interface Inbound {
  readonly snapshot: Snapshot;
  /** When the push came in, in milliseconds of the process (a monotonic clock). */
  readonly arrivedAtMs: number;
  readonly traceId: string;
  readonly message: InboundMessage;
  readonly described: IncomingMessage;
  readonly answer: Answer | undefined;
  /** What the message is told as, if it is told; made from the id that the message gets. */
  readonly event: ((inboundId: string) => Told) | undefined;
}
export interface Told {
  readonly definition: EventDefinition<unknown>;
  readonly payload: unknown;
}

/** What is known of a message: its reply is the first one's, however often it comes. */
export interface Stored {
  readonly id: string;
  readonly reply: PassiveReply | null;
  readonly isRepeat: boolean;
  /** How often it came again. */
  readonly repeats: number;
}

interface Row {
  readonly asked: string;
  readonly id: string | null;
  /** Of a repeat: what the first one got. */
  readonly reply: PassiveReply | null;
  readonly repeats: number | null;
  /** In the first row only. */
  readonly handlers: readonly string[] | null;
}

/**
 * Keeps what WeChat pushes, and tells it: message, event and tasks in one statement, which pushes that come at the same
 * time share. A message is kept only if it was answered from its tenant's configuration of when it came, or later.
 */
@Injectable()
export class InboundStore {
  readonly #commits = new GroupCommit<Inbound, Stored | undefined>((items) => this.#store(items), {
    maxItems: 64,
    // Small enough that some are stored while others are opened: 32 at once are three groups, not two that wait.
    concurrency: 3,
    pace: { items: 10, ms: 8 },
  });

  constructor(private readonly runtime: Runtime) {}

  /** Undefined if the snapshot is old: then nothing was kept, and the message has to be answered anew. */
  keep(inbound: Inbound): Promise<Stored | undefined> {
    return this.#commits.add(inbound);
  }

  /** Copies of one message in one statement would meet each other: the first goes in and stands for all. */
  async #store(items: readonly Inbound[]): Promise<(Stored | undefined)[]> {
    const keyed = items.map((item) => ({ item, key: keyOf(item), id: newId(this.runtime.clock.now()) }));
    const byKey = Map.groupBy(keyed, ({ key }) => key);
    // In one order everywhere, so that two statements never wait for each other in a circle.
    const firsts = [...byKey].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, [first]]) => first as (typeof keyed)[0]);
    const rows = firsts.map(({ item, id, key }) => rowOf(item, id, byKey.get(key)?.length ?? 1, this.runtime));
    const values = [JSON.stringify(rows), subscribedSince(this.runtime.clock.now()).toISOString()];
    const stored = await this.runtime.unscopedStep<Row>({ name: "connect_inbound", text: statement, values });
    // First: it goes along with what wakes the queues.
    for (const tenantId of new Set(items.map(({ snapshot }) => snapshot.tenantId)))
      this.runtime.changes.note(tenantId, written);
    this.runtime.wake(new Set(stored.flatMap(({ handlers }) => handlers ?? [])));
    const kept = new Map(stored.map((row) => [row.asked, row]));
    return keyed.map(({ key, id, item }) => {
      const first = byKey.get(key)?.[0] ?? { id, item };
      const row = kept.get(first.id);
      if (row === undefined || row.id === null) return undefined;
      const reply = row.id === first.id ? (first.item.answer?.reply ?? null) : row.reply;
      return { id: row.id, reply, isRepeat: row.id !== id, repeats: row.repeats ?? 0 };
    });
  }

  /**
   * The connection was closed before the answer to this try was written. A later try, which gets the answer too, is
   * another matter.
   */
  async lost(ctx: Ctx, { id, repeats }: Stored): Promise<void> {
    await ctx.db
      .updateTable("connect_inbound")
      .set({ lostTry: repeats + 1 })
      .where("id", "=", id)
      .execute();
  }
}

function keyOf({ snapshot, message }: Inbound): string {
  return `${snapshot.tenantId} ${snapshot.app.id} ${dedupeKey(message)}`;
}

/** What the statement takes of a message. */
function rowOf(inbound: Inbound, id: string, copies: number, { clock }: Runtime): object {
  const { snapshot, arrivedAtMs, traceId, message, described, answer, event } = inbound;
  const now = clock.now();
  const told = event?.(id);
  const { tenantId, actor } = snapshot;
  return {
    tenant_id: tenantId,
    // What was read after the push had come is new enough, whatever has changed since: else a configuration that
    // changes all the time, as an import does, would let nothing in.
    version: snapshot.readAtMs >= arrivedAtMs ? null : snapshot.version,
    id,
    wechat_app_id: snapshot.app.id,
    dedupe_key: dedupeKey(message),
    openid: described.openid,
    kind: described.kind,
    content: message.fields,
    channel_id: described.channelId,
    reply: answer?.reply,
    reply_by: answer?.by,
    leaves_waiting: answer?.leavesWaiting ?? false,
    trace_id: traceId,
    sent_at: createdAt(message),
    received_at: now,
    repeats: copies - 1,
    event:
      told &&
      loggedEvent(told.definition, told.payload, { tenantId, actor: { kind: "wechat", id: actor.id }, traceId, now }),
  };
}

const written = ["connect_inbound", "kit_event"];
/** As the owner: pushes of several tenants share it. Each row names its tenant, and everything it writes is that's. */
const kept = `tenant_id, id, wechat_app_id, dedupe_key, openid, kind, content, channel_id, reply, reply_by,
  leaves_waiting, trace_id, sent_at, received_at, repeats`;
const statement = `
  WITH input AS MATERIALIZED (
    SELECT row.*, each->'event' AS event, (each->>'version')::bigint AS version, n
    FROM jsonb_array_elements($1::jsonb) WITH ORDINALITY each(each, n),
      jsonb_populate_record(NULL::connect_inbound, each) row),
  stored AS (
    INSERT INTO connect_inbound (${kept})
    SELECT ${kept} FROM input WHERE version IS NULL OR kit_configuration_version(tenant_id) = version
    ON CONFLICT (tenant_id, wechat_app_id, dedupe_key)
      DO UPDATE SET repeats = connect_inbound.repeats + excluded.repeats + 1
    RETURNING tenant_id, wechat_app_id, dedupe_key, id, reply, repeats),
  told AS MATERIALIZED (
    SELECT i.id AS n, event.* FROM input i JOIN stored s USING (tenant_id, wechat_app_id, dedupe_key),
      jsonb_populate_record(NULL::kit_event, i.event) event
    WHERE s.id = i.id AND i.event IS NOT NULL),
  ${emitting("told", "$2::timestamptz")}
  SELECT i.id AS asked, s.id, CASE WHEN s.id <> i.id THEN s.reply END AS reply, s.repeats,
    CASE WHEN i.n = 1 THEN ARRAY(SELECT DISTINCT queue FROM tasks) END AS handlers
  FROM input i LEFT JOIN stored s USING (tenant_id, wechat_app_id, dedupe_key)`;
