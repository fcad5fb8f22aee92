import { fixturesOf } from "../../testing/every-route.ts";
import { templates } from "./templates.contract.ts";

export const fixtures = fixturesOf(templates)(async ({ owner, newAccount }) => {
  const { appid: appId, secret: appSecret } = newAccount("miniprogram");
  const bound = { name: "点单", appId, appSecret, pushToken: "token", mode: "plain", kind: "miniprogram" } as const;
  const { id: wechatAppId } = await owner.api.connect.bindApp(bound);
  const add = { wechatAppId, tid: 9001, kids: [1, 2], sceneDesc: "取餐" };
  await owner.api.templates.add(add);
  const { items } = await owner.api.templates.list({ wechatAppId });
  return {
    list: {},
    sync: { wechatAppId },
    categories: { wechatAppId },
    titles: { wechatAppId, categoryId: 307 },
    keywords: { wechatAppId, tid: 9001 },
    add,
    delete: { templateId: items[0]!.id },
  };
});
