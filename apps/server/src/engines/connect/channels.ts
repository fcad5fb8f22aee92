import { Injectable } from "@nestjs/common";
import { conflict } from "@zhanggui/kit/contract/faults";
import type { Flat, Out } from "@zhanggui/kit/contract/route";
import { newId } from "@zhanggui/kit/contract/ids";
import type { Ctx } from "@zhanggui/kit/server/ctx";
import { createQrCode } from "@zhanggui/wechat/official";
import { Apps } from "./apps.ts";
import { faultOf, WechatClients } from "./clients.ts";
import type { connect } from "./connect.contract.ts";

type ChannelView = Out<typeof connect.createChannel>;
export interface ChannelOwner {
  readonly id: string;
  readonly wechatAppId: string;
  readonly name: string;
  readonly leaderName: string;
  readonly leaderMail: string;
}
const daySeconds = 86_400;

/** Channel codes: a QR code per way in, and the leader who owns it. */
@Injectable()
export class Channels {
  constructor(
    private readonly apps: Apps,
    private readonly clients: WechatClients,
  ) {}

  async list(ctx: Ctx): Promise<ChannelView[]> {
    return ctx.db
      .selectFrom("connect_channel")
      .selectAll("connect_channel")
      .select((eb) => [
        eb
          .selectFrom("connect_inbound")
          .whereRef("connect_inbound.channelId", "=", "connect_channel.id")
          .select(({ fn }) => fn.countAll<number>().as("scans"))
          .$asScalar()
          .$notNull()
          .as("scans"),
        eb
          .selectFrom("connect_inbound")
          .whereRef("connect_inbound.channelId", "=", "connect_channel.id")
          .select(({ fn }) => fn.count<number>("connect_inbound.openid").distinct().as("people"))
          .$asScalar()
          .$notNull()
          .as("people"),
      ])
      .orderBy("connect_channel.createdAt", "desc")
      .orderBy("connect_channel.id", "desc")
      .execute();
  }

  /** What other engines need of a channel, without its figures; undefined if there is none. */
  async find(ctx: Ctx, channelId: string): Promise<ChannelOwner | undefined> {
    return ctx.db
      .selectFrom("connect_channel")
      .select(["id", "wechatAppId", "name", "leaderName", "leaderMail"])
      .where("id", "=", channelId)
      .executeTakeFirst();
  }

  /** Every channel's name by its id. */
  async names(ctx: Ctx): Promise<Map<string, string>> {
    const rows = await ctx.db.selectFrom("connect_channel").select(["id", "name"]).execute();
    return new Map(rows.map(({ id, name }) => [id, name]));
  }

  /**
   * Asks WeChat first, then keeps what it gave: a code that nobody knows of harms less than a row without a code.
   *
   * @throws Fault `kit.conflict` for a name that exists, `connect.wechat_refused`, `connect.wechat_unreachable`
   */
  async create(ctx: Ctx, channel: Flat<typeof connect.createChannel>): Promise<ChannelView> {
    const { id: wechatAppId } = await this.apps.row(ctx, channel.wechatAppId);
    const taken = await ctx.db
      .selectFrom("connect_channel")
      .select("id")
      .where("name", "=", channel.name)
      .executeTakeFirst();
    if (taken !== undefined) throw conflict();
    const now = ctx.now();
    const id = newId(now);
    const expireSeconds = channel.validDays === undefined ? undefined : channel.validDays * daySeconds;
    // The id is the scene: unique, and within WeChat's 64 characters.
    const code = await this.#order(ctx, wechatAppId, id, expireSeconds);
    const row = await ctx.db
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
      .returningAll()
      .executeTakeFirstOrThrow(() => conflict());
    return { ...row, scans: 0, people: 0 };
  }

  async #order(ctx: Ctx, wechatAppId: string, sceneText: string, expireSeconds: number | undefined) {
    const client = await this.clients.of(ctx, wechatAppId);
    try {
      return await createQrCode(
        client,
        expireSeconds === undefined
          ? { kind: "QR_LIMIT_STR_SCENE", sceneText }
          : { kind: "QR_STR_SCENE", sceneText, expireSeconds },
      );
    } catch (error) {
      throw faultOf(error) ?? error;
    }
  }
}
