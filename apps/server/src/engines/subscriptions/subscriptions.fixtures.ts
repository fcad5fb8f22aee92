import { Contacts } from "../audience/contacts.ts";
import { fixturesOf } from "../../testing/every-route.ts";
import { Grants } from "./grants.ts";
import { subscriptions } from "./subscriptions.contract.ts";

export const fixtures = fixturesOf(subscriptions)(async ({ server, owner, customer, newAccount }) => {
  const { appid: appId, secret: appSecret } = newAccount("miniprogram");
  const bound = { name: "外卖", appId, appSecret, pushToken: "token", mode: "plain", kind: "miniprogram" } as const;
  const { id: wechatAppId } = await owner.api.connect.bindApp(bound);
  const ctx = server.runtime.ctx(owner.tenantId);
  const contacts = server.app.get(Contacts, { strict: false });
  const openid = { wechatAppId, openid: "oFixtureSubscriber" };
  const known = await ctx.tx((ctx) => contacts.ofOpenid(ctx, openid));
  await contacts.same(ctx, customer.personId, known);
  const grants = server.app.get(Grants, { strict: false });
  const said = { answer: "accept", source: "dialogue", key: "fixture", at: ctx.now() } as const;
  await ctx.tx((ctx) => grants.answer(ctx, { ...openid, templateId: "FIXTURE" }, said));
  const [subscription] = (await owner.api.subscriptions.list({})).items;
  const subscriptionId = subscription!.id;
  return {
    list: {},
    reach: {},
    entries: { subscriptionId },
    ofPerson: { personId: customer.personId },
    // An openid that WeChat doesn't know: the call is refused there, and the consent comes back.
    send: { subscriptionId, data: { thing1: "龙井" } },
    report: { wechatAppId, dialogueId: "fixture-dialogue", answers: { FIXTURE: "accept" as const } },
  };
});
