import { Contacts } from "../audience/contacts.ts";
import { fixturesOf } from "../../testing/every-route.ts";
import { Grants } from "./grants.ts";
import { subscriptions } from "./subscriptions.contract.ts";

export const fixtures = fixturesOf(subscriptions)(async ({ server, owner, customer, newAccount, subscriber }) => {
  const { appid: appId, secret: appSecret } = newAccount("miniprogram");
  const bound = { name: "外卖", appId, appSecret, pushToken: "token", mode: "plain", kind: "miniprogram" } as const;
  const { id: wechatAppId } = await owner.api.connect.bindApp(bound);
  const ctx = server.runtime.ctx(owner.tenantId);
  const contacts = server.app.get(Contacts, { strict: false });
  await owner.api.templates.add({ wechatAppId, tid: 9001, kids: [1, 2], sceneDesc: "取餐" });
  const [template] = (await owner.api.templates.list({ wechatAppId })).items;
  const { templateId } = template!;
  const openid = { wechatAppId, openid: await subscriber(appId, templateId) };
  const known = await ctx.tx((ctx) => contacts.ofOpenid(ctx, openid));
  await contacts.same(ctx, customer.personId, known);
  const grants = server.app.get(Grants, { strict: false });
  const said = { answer: "accept", source: "dialogue", key: "fixture", at: ctx.now() } as const;
  await ctx.tx((ctx) => grants.answer(ctx, { ...openid, templateId }, said));
  const [subscription] = (await owner.api.subscriptions.list({})).items;
  const subscriptionId = subscription!.id;
  return {
    list: {},
    reach: {},
    entries: { subscriptionId },
    ofPerson: { personId: customer.personId },
    send: { subscriptionId, data: { character_string1: "A-17", thing2: "灯笼茶" } },
    report: { wechatAppId, dialogueId: "fixture-dialogue", answers: { [templateId]: "accept" as const } },
  };
});
