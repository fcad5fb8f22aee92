import { randomBytes } from "node:crypto";
import type { Api } from "../test-server.ts";
import { type Bound, saying, type WechatSide, welcomeTemplate } from "../lantern-tea.ts";
import type { BoundAccount, Shop } from "./ledger.ts";
import type { ChannelKey } from "./story.ts";

type Furnished = Pick<Shop, "accounts" | "channels">;

const codes: Readonly<
  Record<Exclude<ChannelKey, "poster">, { name: string; leader: string; mail: string; hello: string }>
> = {
  counter: { name: "收银台", leader: "小禾", mail: "he", hello: "谢谢光临！出示这条消息，第二杯半价。" },
  market: { name: "周末市集", leader: "阿石", mail: "shi", hello: "市集的朋友好！到店报“市集”送一份桂花糕。" },
  card: { name: "老友推荐卡", leader: "阿青", mail: "qing", hello: "欢迎！你和推荐你的朋友各得一张饮茶券。" },
};
const keywords = [
  { name: "营业时间", keywords: ["营业"], replies: saying("每天 9:00–21:30 营业，周一也开门。") },
  { name: "门店地址", keywords: ["地址"], replies: saying("灯笼巷 8 号，巷口有红灯笼。") },
  { name: "预订", keywords: ["预订"], replies: saying("请告诉我们日期、时间和人数，掌柜会尽快回复你。") },
];

/**
 * What Lantern Tea has beside its account with one code: three more codes with a greeting each, answers to what is
 * asked often, and an account for its members.
 */
export async function furnish(
  api: Api,
  wechat: WechatSide & { account(appid: string): { originalId: string } | Promise<{ originalId: string }> },
  serverUrl: string,
  bound: Bound,
): Promise<Furnished> {
  const { wechatAppId } = bound;
  for (const { name, leader, mail, hello } of Object.values(codes)) {
    const leaderMail = `${mail}@lantern-tea.example`;
    const { id } = await api.connect.createChannel({ wechatAppId, name, leaderName: leader, leaderMail });
    await api.messaging.createRule({ name: `${name}欢迎语`, on: "scan", channelId: id, replies: saying(hello) });
  }
  for (const rule of keywords) await api.messaging.createRule({ ...rule, on: "keyword", match: "contains" });
  const club = await bindClub(api, wechat, serverUrl);
  const clubWelcome = "欢迎成为灯笼茶会员，生日当月有茶点相赠。";
  await api.messaging.createRule({
    name: "会员欢迎语",
    on: "follow",
    wechatAppId: club.id,
    replies: saying(clubWelcome),
  });
  const { originalId } = await wechat.account(bound.appid);
  const shop = { id: wechatAppId, appId: bound.appid, originalId, name: "灯笼茶" };
  const { items } = await api.connect.listChannels();
  const named = (name: string) => {
    const channel = items.find((each) => each.name === name);
    if (channel === undefined) throw new Error(`the channel ${name} is missing`);
    return channel;
  };
  const { counter, market, card } = codes;
  const channels = {
    poster: named("门店海报"),
    counter: named(counter.name),
    market: named(market.name),
    card: named(card.name),
  };
  return { accounts: { shop, club }, channels };
}

async function bindClub(api: Api, wechat: Parameters<typeof furnish>[1], serverUrl: string): Promise<BoundAccount> {
  const name = "灯笼茶会员";
  const { appid, secret } = await wechat.createAccount({ name });
  await wechat.addTemplate(appid, welcomeTemplate);
  const pushToken = randomBytes(8).toString("hex");
  const encodingAesKey = randomBytes(32).toString("hex").slice(0, 43);
  const app = await api.connect.bindApp({ name, appId: appid, appSecret: secret, pushToken, encodingAesKey });
  const url = `${serverUrl}/api/wechat/callback/${app.id}`;
  await wechat.configurePush(appid, { url, token: pushToken, encodingAesKey, mode: "safe", format: "xml" });
  const { originalId } = await wechat.account(appid);
  return { id: app.id, appId: appid, originalId, name };
}
