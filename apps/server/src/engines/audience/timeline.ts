import { Injectable } from "@nestjs/common";
import type { PageOf, PageQuery } from "@zhanggui/kit/contract/page";
import type { Out } from "@zhanggui/kit/contract/route";
import type { Ctx, TxCtx } from "@zhanggui/kit/server/ctx";
import { latestFirst, readPage } from "@zhanggui/kit/server/paging";
import { ConnectService } from "../connect/connect.service.ts";
import type { audience } from "./audience.contract.ts";
import { hiddenDetail, mayContact, withoutAddresses } from "./contact-details.ts";
import { lockPerson, type LockedPerson } from "./internal/people.ts";

type Entry = Out<typeof audience.timeline>["items"][number];

export interface NewEntry {
  readonly personId: LockedPerson;
  readonly kind: string;
  readonly details: Readonly<Record<string, unknown>>;
  readonly traceId: string;
  readonly at: Date;
}

/** What a person did and what was done for them. Other engines note here what belongs to a person's story. */
@Injectable()
export class Timeline {
  constructor(private readonly messages: ConnectService) {}

  /**
   * For other engines: what they tell of a person who was merged meanwhile becomes part of the survivor's story.
   *
   * @throws Fault `kit.not_found`
   */
  async note(ctx: TxCtx, personId: string, kind: string, details: Readonly<Record<string, unknown>>): Promise<void> {
    await this.write(ctx, await lockPerson(ctx, personId), kind, details);
  }

  async write(
    ctx: TxCtx,
    personId: LockedPerson,
    kind: string,
    details: Readonly<Record<string, unknown>>,
    at: Date = ctx.now(),
  ): Promise<void> {
    await ctx.db
      .insertInto("audience_timeline")
      .values({ personId, kind, details, traceId: ctx.traceId, at })
      .execute();
  }

  /** Many at once, of several people, in their order; each in its own trace. */
  async writeAll(ctx: TxCtx, entries: readonly NewEntry[]): Promise<void> {
    await ctx.sql`
      INSERT INTO audience_timeline (person_id, kind, details, trace_id, at)
      SELECT "personId", kind, details, "traceId", at
      FROM ROWS FROM (jsonb_to_recordset(${JSON.stringify(entries)}::jsonb)
        AS ("personId" uuid, kind text, details jsonb, "traceId" text, at timestamptz)) WITH ORDINALITY
          AS entry("personId", kind, details, "traceId", at, place)
      ORDER BY place`;
  }

  /** How somebody is reached, and where a mail to them went, stay untold to whoever may not see contact details. */
  async list(ctx: Ctx, personId: string, page: PageQuery): Promise<PageOf<Entry>> {
    const story = ctx.db.selectFrom("audience_timeline").selectAll().where("personId", "=", personId);
    const { items, next } = await readPage(story, page, latestFirst("at"));
    const asked = items.filter(({ kind }) => repliedTo.has(kind));
    const replies = await this.messages.repliesIn(
      ctx,
      asked.map(({ traceId }) => traceId),
    );
    const told = items.map((entry): Entry => ({
      ...entry,
      reply: (repliedTo.has(entry.kind) ? replies.get(entry.traceId) : undefined) ?? null,
    }));
    return { next, items: mayContact(ctx) ? told : told.map(withoutContacts) };
  }
}

/** What people do that is replied to at once. A scan is told with a follow or a return, which has the reply. */
const repliedTo: ReadonlySet<string> = new Set(["wrote", "followed", "came_back", "tapped_menu"]);

function withoutContacts(entry: Entry): Entry {
  const { kind, details } = entry;
  if (kind === "identity_added" && details["kind"] !== "unionid")
    return { ...entry, details: { ...details, value: hiddenDetail } };
  const isMailToThem = kind === "delivery" && details["channel"] === "mail" && details["leader"] === undefined;
  return isMailToThem ? { ...entry, details: withoutAddresses(details) } : entry;
}
