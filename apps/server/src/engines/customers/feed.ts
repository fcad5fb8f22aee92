import { setTimeout as pause } from "node:timers/promises";
import { Injectable } from "@nestjs/common";
import { newId } from "@zhanggui/kit/contract/ids";
import type { PayloadOf } from "@zhanggui/kit/contract/event";
import type { Ctx, TxCtx } from "@zhanggui/kit/server/ctx";
import type { EventMeta } from "@zhanggui/kit/server/events";
import { Runtime } from "@zhanggui/kit/server/runtime";
import { z } from "zod";
import type { channelEntered, peopleMerged, personFollowed } from "../audience/audience.events.ts";
import { AudienceService } from "../audience/audience.service.ts";
import { Listeners } from "./internal/listeners.ts";

const table = "customers_notice";
/** What a page that comes for the first time is shown. */
const latest = 20;
const atOnce = 100;
/** However much happens, the listeners of a tenant are looked after so often at most. */
const quietMs = 500;

export interface Notice {
  readonly id: string;
  readonly kind: string;
  readonly details: Readonly<Record<string, unknown>>;
  readonly at: Date;
}

/** What customers' pages are told: of each customer to their own pages, in order, wherever it happened. */
@Injectable()
export class CustomerFeed {
  readonly #listeners = new Listeners();

  constructor(
    private readonly runtime: Runtime,
    private readonly people: AudienceService,
  ) {
    runtime.changes.want(table);
  }

  /**
   * Tells a customer's pages something. The person is locked until the transaction ends, so their notices commit in the
   * order of their ids: whoever has seen one has missed none before it.
   *
   * @throws Fault `kit.not_found`
   */
  async tell(
    ctx: TxCtx,
    personId: string,
    kind: string,
    details: Notice["details"] = {},
    at = ctx.now(),
  ): Promise<void> {
    const whose = await this.people.lockPerson(ctx, personId);
    const [last] = await ctx.sql<{ id: string }>`
      SELECT id FROM customers_notice WHERE person_id = ${whose} ORDER BY id DESC LIMIT 1`;
    await ctx.db
      .insertInto("customers_notice")
      .values({ id: idAfter(last?.id, ctx.now()), personId: whose, kind, details, at })
      .execute();
  }

  async noteFollowed(ctx: TxCtx, { personId }: PayloadOf<typeof personFollowed>, { occurredAt }: EventMeta) {
    await this.tell(ctx, personId, "followed", {}, occurredAt);
  }

  async noteEntered(ctx: TxCtx, { personId }: PayloadOf<typeof channelEntered>, { occurredAt }: EventMeta) {
    await this.tell(ctx, personId, "scanned", {}, occurredAt);
  }

  /** Whoever goes on for somebody who was merged has the notices of both. */
  async move(ctx: TxCtx, { survivorId, mergedId }: PayloadOf<typeof peopleMerged>): Promise<void> {
    const whose = await this.people.lockPerson(ctx, survivorId);
    await ctx.db.updateTable("customers_notice").set({ personId: whose }).where("personId", "=", mergedId).execute();
  }

  /**
   * Notices as they come, first those after `lastId`, or the latest.
   *
   * @param isOpen asked at each turn: a session that has ended hears nothing more
   */
  async *follow(ctx: Ctx, lastId: string | undefined, isOpen: () => Promise<boolean>): AsyncGenerator<Notice, void> {
    const personId = ctx.actor.id;
    let after = z.uuid().safeParse(lastId).data;
    const mine = this.#listeners.add(ctx.tenantId, personId);
    if (mine.isFirst) void this.#lookAfter(ctx.tenantId);
    const leave = (): void => mine.leave();
    ctx.signal.addEventListener("abort", leave, { once: true });
    try {
      while (!ctx.signal.aborted) {
        // Asked for before it is read: what comes meanwhile is another turn.
        const news = mine.next();
        if (!(await isOpen())) return;
        for (let more = true; more;) {
          const rows = await read(ctx, personId, after);
          for (const row of rows) yield row;
          after = rows.at(-1)?.id ?? after;
          more = rows.length === atOnce;
        }
        await news;
      }
    } finally {
      ctx.signal.removeEventListener("abort", leave);
      mine.leave();
    }
  }

  /** One question for all who listen in a tenant, however many they are: whose newest notice is another one now. */
  async #lookAfter(tenantId: string): Promise<void> {
    const listening = this.#listeners.of(tenantId);
    const ctx = this.runtime.ctx(tenantId);
    for await (const _ of this.runtime.changes.of(tenantId, table, listening.signal)) {
      const ids = listening.personIds();
      try {
        const rows = await ctx.sql<{ personId: string; id: string }>`
          SELECT p.id AS person_id, n.id FROM unnest(${ids}::uuid[]) AS p(id) CROSS JOIN LATERAL (
            SELECT id FROM customers_notice WHERE person_id = p.id ORDER BY id DESC LIMIT 1) AS n`;
        for (const { personId, id } of rows) listening.heard(personId, id);
      } catch (error) {
        ctx.log.warn({ err: error }, "whose notices are new couldn't be read; all who listen look for themselves");
        listening.wakeAll();
      }
      await pause(quietMs, undefined, { signal: listening.signal, ref: false }).catch(() => {});
    }
  }
}

async function read(ctx: Ctx, personId: string, after: string | undefined): Promise<Notice[]> {
  const rows = ctx.db
    .selectFrom("customers_notice")
    .select(["id", "kind", "details", "at"])
    .where("personId", "=", personId);
  if (after !== undefined) return rows.where("id", ">", after).orderBy("id").limit(atOnce).execute();
  return (await rows.orderBy("id", "desc").limit(latest).execute()).toReversed();
}

/** A new id that comes after `last`, also where another process's clock is ahead. */
function idAfter(last: string | undefined, now: Date): string {
  const id = newId(now);
  if (last === undefined || id > last) return id;
  const lastMs = Number.parseInt(last.replaceAll("-", "").slice(0, 12), 16);
  return `${(lastMs + 1)
    .toString(16)
    .padStart(12, "0")
    .replace(/^(.{8})/, "$1-")}${id.slice(13)}`;
}
