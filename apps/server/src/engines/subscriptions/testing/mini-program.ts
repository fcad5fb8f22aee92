import type { TeaShop } from "../../../testing/tea-shop.ts";

/** A mini-program of Lantern Tea that pushes to the server, with a template of its own. */
export interface MiniProgram {
  readonly appid: string;
  readonly wechatAppId: string;
  readonly templateId: string;
}

export async function openMiniProgram(tea: TeaShop, name = "灯笼茶点单"): Promise<MiniProgram> {
  const { world } = tea.emulator;
  const { appid, secret: appSecret } = world.createAccount({ name, kind: "miniprogram" });
  const pushToken = "lantern";
  const bound = { name, appId: appid, appSecret, pushToken, mode: "plain", kind: "miniprogram" } as const;
  const { id: wechatAppId } = await tea.owner.api.connect.bindApp(bound);
  const url = `${tea.server.url}/api/wechat/callback/${wechatAppId}`;
  await world.configurePush(appid, { url, token: pushToken, mode: "plain", format: "json" });
  await tea.owner.api.templates.add({ wechatAppId, tid: 9001, kids: [1, 2], sceneDesc: "取餐" });
  const [template] = (await tea.owner.api.templates.list({ wechatAppId })).items;
  return { appid, wechatAppId, templateId: template!.templateId };
}
