import { fixturesOf } from "../../testing/every-route.ts";
import { onePixel } from "../../foundation/files/testing/pictures.ts";
import { materials } from "./materials.contract.ts";

export const fixtures = fixturesOf(materials)(async ({ owner, bound: { wechatAppId } }) => {
  const { id: fileId } = await owner.api.files.upload({ name: "茶.png", stream: onePixel, contentType: "image/png" });
  const upload = { wechatAppId, kind: "image", fileId } as const;
  const [shown, gone] = [await owner.api.materials.upload(upload), await owner.api.materials.upload(upload)];
  await owner.api.materials.sync({ wechatAppId });
  return {
    list: {},
    syncs: {},
    sync: { wechatAppId },
    upload,
    picture: { materialId: shown.id },
    delete: { materialId: gone.id },
  };
});
