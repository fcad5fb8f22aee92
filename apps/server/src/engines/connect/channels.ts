import { Injectable } from "@nestjs/common";
import { notFound } from "@zhanggui/kit/contract/faults";
import type { Flat, Out } from "@zhanggui/kit/contract/route";
import { newId } from "@zhanggui/kit/contract/ids";
import type { Named } from "@zhanggui/kit/contract/named";
import type { Ctx } from "@zhanggui/kit/server/ctx";
import { listOf } from "@zhanggui/kit/server/list";
import { searchFew } from "@zhanggui/kit/server/search";
import { createLastingQrCode, createTemporaryQrCode } from "@zhanggui/wechat/calls/qr-codes";
import { sql } from "kysely";
import { Apps } from "./apps.ts";
import { WechatClients } from "./clients.ts";
import { channelInUse, channelNameTaken, connect } from "./connect.contract.ts";

type ChannelView = Out<typeof connect.createChannel>;
export interface ChannelOwner {
  readonly id: string;
  readonly wechatAppId: string;
  readonly name: string;
  readonly leaderName: string;
  readonly leaderMail: string;
}
/** What rules and scenes that are bound to a channel depend on. */
export interface ChannelState {
  readonly name: string;
  readonly wechatAppId: string;
  readonly enabled: boolean;
  readonly expiresAt: Date | null;
}
const daySeconds = 86_400;

/** Channel codes: a QR code per way in, and the leader who owns it. */
@Injectable()
export class Channels {
  constructor(
    private readonly apps: Apps,
    private readonly clients: WechatClients,
  ) {}

  list(ctx: Ctx, query: Flat<typeof connect.listChannels>): Promise<Out<typeof connect.listChannels>> {
    return listOf(ctx, connect.listChannels, query, this.#withFigures(ctx), {
      search: (part) => searchFew(ctx, "connect_channel", ["name", "leaderName", "leaderMail"], part),
    });
  }

  #withFigures(ctx: Ctx) {
    return ctx.db
      .selectFrom("connect_channel")
      .selectAll("connect_channel")
      .leftJoinLateral(
        (eb) =>
          eb
            .selectFrom("connect_channel_count")
            .whereRef("connect_channel_count.channelId", "=", "connect_channel.id")
            .select(({ fn }) => [
              fn.sum<number | null>("scans").as("scans"),
              fn.sum<number | null>("people").as("people"),
            ])
            .as("figures"),
        (join) => join.onTrue(),
      )
      .innerJoin("connect_app", "connect_app.id", "connect_channel.wechatAppId")
      .select(sql<Named>`jsonb_build_object('id', connect_app.id, 'name', connect_app.name)`.as("app"))
      .select(({ fn, val }) => [
        fn.coalesce("figures.scans", val(0)).as("scans"),
        fn.coalesce("figures.people", val(0)).as("people"),
      ]);
  }

  /** What other engines need of a channel, without its figures; undefined if there is none. */
  async find(ctx: Ctx, channelId: string): Promise<ChannelOwner | undefined> {
    return ctx.db
      .selectFrom("connect_channel")
      .select(["id", "wechatAppId", "name", "leaderName", "leaderMail"])
      .where("id", "=", channelId)
      .executeTakeFirst();
  }

  /** All channels by their ids. */
  async states(ctx: Ctx): Promise<ReadonlyMap<string, ChannelState>> {
    const rows = await ctx.db
      .selectFrom("connect_channel")
      .select(["id", "name", "wechatAppId", "enabled", "expiresAt"])
      .execute();
    return new Map(rows.map((row) => [row.id, row]));
  }

  /** The names of these channels by their ids. */
  async names(ctx: Ctx, ids: readonly (string | null)[]): Promise<Map<string, string>> {
    const asked = [...new Set(ids.filter((id) => id !== null))];
    if (asked.length === 0) return new Map();
    const rows = await ctx.db.selectFrom("connect_channel").select(["id", "name"]).where("id", "in", asked).execute();
    return new Map(rows.map(({ id, name }) => [id, name]));
  }

  /**
   * Asks WeChat first, then keeps what it gave: a code that nobody knows of harms less than a row without a code.
   *
   * @throws Fault `connect.channel_name_taken`, `connect.wechat_refused`, `connect.wechat_unreachable`
   */
  async create(ctx: Ctx, channel: Flat<typeof connect.createChannel>): Promise<ChannelView> {
    const { id: wechatAppId } = await this.apps.bound(ctx, channel.wechatAppId);
    const taken = await ctx.db
      .selectFrom("connect_channel")
      .select("id")
      .where("name", "=", channel.name)
      .executeTakeFirst();
    if (taken !== undefined) throw nameTaken(channel.name);
    const now = ctx.now();
    const id = newId(now);
    const expireSeconds = channel.validDays === undefined ? undefined : channel.validDays * daySeconds;
    // The id is the scene: unique, and within WeChat's 64 characters.
    const code = await this.#order(ctx, wechatAppId, id, expireSeconds);
    await ctx.db
      .insertInto("connect_channel")
      .values({
        id,
        wechatAppId,
        name: channel.name,
        scene: id,
        ticket: code.ticket,
        qrUrl: code.url,
        expiresAt: expireSeconds === undefined ? null : new Date(now.getTime() + expireSeconds * 1000),
        leaderName: channel.leaderName,
        leaderMail: channel.leaderMail,
      })
      .onConflict((on) => on.doNothing())
      .returning("id")
      .executeTakeFirstOrThrow(() => nameTaken(channel.name));
    return this.#one(ctx, id);
  }

  /** @throws Fault `kit.not_found`, `connect.channel_name_taken` */
  async update(ctx: Ctx, { channelId, ...change }: Flat<typeof connect.updateChannel>): Promise<ChannelView> {
    return ctx.tx(
      async (ctx) => {
        const changed = ctx.db
          .updateTable("connect_channel")
          // A change of nothing is one too.
          .set((eb) => ({ name: eb.ref("name"), ...change }))
          .where("id", "=", channelId);
        await changed.returning("id").executeTakeFirstOrThrow(() => notFound());
        return this.#one(ctx, channelId);
      },
      { onUnique: nameTaken(change.name ?? "") },
    );
  }

  /** @throws Fault `kit.not_found`; `connect.channel_in_use` if somebody came in by it */
  async delete(ctx: Ctx, { channelId }: Flat<typeof connect.deleteChannel>): Promise<void> {
    await ctx.tx(async (ctx) => {
      // Whoever comes in meanwhile waits, and finds no channel.
      const locked = ctx.db.selectFrom("connect_channel").select("id").where("id", "=", channelId).forUpdate();
      await locked.executeTakeFirstOrThrow(() => notFound());
      const { people, scans } = await this.#one(ctx, channelId);
      if (scans > 0) throw channelInUse({ people });
      await ctx.db.deleteFrom("connect_channel").where("id", "=", channelId).execute();
    });
  }

  #one(ctx: Ctx, id: string): Promise<ChannelView> {
    return this.#withFigures(ctx).where("connect_channel.id", "=", id).executeTakeFirstOrThrow();
  }

  #order(ctx: Ctx, wechatAppId: string, scene: string, expireSeconds: number | undefined) {
    return this.clients.ask(ctx, wechatAppId, (client) =>
      expireSeconds === undefined
        ? client.call(createLastingQrCode, { scene })
        : client.call(createTemporaryQrCode, { scene, expireSeconds }),
    );
  }
}

function nameTaken(name: string) {
  return channelNameTaken({ name, errors: [{ field: "name" }] });
}
