import { fixturesOf } from "../../testing/every-route.ts";
import { onePixel } from "../../foundation/files/testing/pictures.ts";
import { materials } from "./materials.contract.ts";

export const fixtures = fixturesOf(materials)(async ({ server, owner, newAccount, bound: { wechatAppId } }) => {
  const { id: fileId } = await owner.api.files.upload({ name: "茶.png", stream: onePixel, contentType: "image/png" });
  const upload = { wechatAppId, kind: "image", fileId } as const;
  const [shown, gone] = [await owner.api.materials.upload(upload), await owner.api.materials.upload(upload)];
  await owner.api.materials.sync({ wechatAppId });
  const { appid: appId, secret: appSecret } = newAccount("miniprogram");
  const mini = { name: "点单", appId, appSecret, pushToken: "token", mode: "plain", kind: "miniprogram" } as const;
  const { id: miniId } = await owner.api.connect.bindApp(mini);
  await server.runUntilIdle();
  // Of the account that stays bound: others are unbound meanwhile, and their cards go with them.
  const { items } = await owner.api.materials.listCards();
  const card = items.find(({ app, miniProgram }) => app.id === wechatAppId && miniProgram.id === miniId);
  return {
    list: {},
    syncs: {},
    sync: { wechatAppId },
    upload,
    picture: { materialId: shown.id },
    delete: { materialId: gone.id },
    listCards: {},
    updateCard: { cardId: card!.id, title: "点单" },
    makeCard: { cardId: card!.id },
  };
});
