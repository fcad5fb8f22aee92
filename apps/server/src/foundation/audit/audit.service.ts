import { Injectable } from "@nestjs/common";
import type { Audited } from "@zhanggui/kit/contract/audited";
import { notFound } from "@zhanggui/kit/contract/faults";
import type { Flat, Out } from "@zhanggui/kit/contract/route";
import type { Ctx } from "@zhanggui/kit/server/ctx";
import { Declarations } from "@zhanggui/kit/server/declarations";
import { listOf } from "@zhanggui/kit/server/list";
import { searchIn } from "@zhanggui/kit/server/search";
import { AccessService } from "../access/access.service.ts";
import { audit } from "./audit.contract.ts";
import { changesOf } from "./changes.ts";

type Entry = Out<typeof audit.list>["items"][number];
type Detail = Out<typeof audit.get>["entry"];
/** A trace may have many; nobody reads more of them beside one. */
const mostRelated = 200;

function entries(ctx: Ctx) {
  return ctx.db
    .selectFrom("kit_audit_entry")
    .select(["id", "at", "actorKind", "actorId", "actorName", "act", "kind", "outcome", "source", "traceId"])
    .select(["thingKind", "thingId", "title", "impersonatorId", "impersonatorName"]);
}
type Row = Awaited<ReturnType<ReturnType<typeof entries>["execute"]>>[number];

/** The audit log as people read it. Who writes it, and how: `kit/server/audit`. */
@Injectable()
export class AuditService {
  constructor(
    private readonly declarations: Declarations,
    private readonly accounts: AccessService,
  ) {}

  list(ctx: Ctx, query: Flat<typeof audit.list>): Promise<Out<typeof audit.list>> {
    return listOf(ctx, audit.list, query, entries(ctx), {
      filters: {
        // Whoever acted in another's name did it, too.
        actorId: (rows, id) => rows.or([rows("item.actorId", "=", id), rows("item.impersonatorId", "=", id)]),
      },
      search: async (part) => searchIn(ctx, "kit_audit_entry", "title", part),
      present: (rows) => this.#named(ctx, rows),
    });
  }

  async get(ctx: Ctx, { entryId }: Flat<typeof audit.get>): Promise<Out<typeof audit.get>> {
    const whole = entries(ctx).select(["part", "was", "became", "masked", "details"]);
    const row = await whole.where("id", "=", entryId).executeTakeFirst();
    if (row === undefined) throw notFound();
    const rows = await whole
      .where("traceId", "=", row.traceId)
      .where("id", "!=", entryId)
      .orderBy("id")
      .limit(mostRelated)
      .execute();
    const named = new Map((await this.#named(ctx, [row, ...rows])).map((entry) => [entry.id, entry]));
    const detail = ({ part, was, became, masked, details, ...rest }: typeof row): Detail => {
      const table = this.#audited[part];
      const changes = changesOf(table?.fields ?? [], { was, became, masked });
      const isPart = table !== undefined && part !== rest.thingKind;
      return { ...(named.get(rest.id) ?? rest), part: isPart ? table.noun : null, changes, details };
    };
    return { entry: detail(row), related: rows.map(detail) };
  }

  listThings(): Out<typeof audit.listThings> {
    const things = Object.entries(this.#audited).filter(([, { of }]) => of === undefined);
    return { items: things.map(([kind, { noun, list = null }]) => ({ kind, noun, list })) };
  }

  get #audited(): Audited {
    return this.declarations.audited;
  }

  /** With what accounts, keys and things are called now. */
  async #named(ctx: Ctx, rows: readonly Row[]): Promise<Entry[]> {
    if (rows.length === 0) return [];
    const named = rows.filter(({ actorKind }) => actorKind === "account" || actorKind === "key");
    const names = await this.accounts.names(
      ctx,
      named.map(({ actorId }) => actorId),
    );
    const titles = await titlesOf(ctx, rows);
    return rows.map(({ actorName, title, ...row }) => ({
      ...row,
      actorName: names.get(row.actorId) ?? actorName,
      title: titles.get(`${row.thingKind} ${row.thingId}`) ?? title,
    }));
  }
}

/** Each change of what a thing is called is in the log itself: its last title is what it is called now. */
async function titlesOf(ctx: Ctx, rows: readonly Row[]): Promise<ReadonlyMap<string, string>> {
  const things = new Map(rows.map(({ thingKind, thingId }) => [`${thingKind} ${thingId}`, { thingKind, thingId }]));
  const [kinds, ids] = [[...things.values()].map((e) => e.thingKind), [...things.values()].map((e) => e.thingId)];
  const found = await ctx.sql<{ thing: string; title: string }>`
    SELECT kind || ' ' || thing.id AS thing, last.title
    FROM unnest(${kinds}::text[], ${ids}::text[]) AS thing(kind, id)
    CROSS JOIN LATERAL (
      SELECT e.title FROM kit_audit_entry e WHERE e.thing_kind = thing.kind AND e.thing_id = thing.id AND e.title <> ''
      ORDER BY e.id DESC LIMIT 1) last
    WHERE kind <> ''`;
  return new Map(found.map(({ thing, title }) => [thing, title]));
}
