import { fixturesOf } from "../../testing/every-route.ts";
import { files } from "./files.contract.ts";
import { onePixel } from "./testing/pictures.ts";

export const fixtures = fixturesOf(files)(async ({ owner, server }) => {
  const upload = () => ({ name: "茶.png", stream: onePixel, contentType: "image/png" });
  const [kept, gone] = [await owner.api.files.upload(upload()), await owner.api.files.upload(upload())];
  await owner.api.files.link({ fileId: kept.id, once: true });
  const ctx = server.runtime.ctx(owner.tenantId);
  await ctx.db
    .insertInto("files_use")
    .values({ fileId: kept.id, usedBy: "tea.leaf", ref: kept.id, label: JSON.stringify({ zh: "茶", en: "Tea" }) })
    .execute();
  return {
    list: {},
    upload,
    download: { fileId: kept.id, headers: {} },
    thumbnail: { fileId: kept.id },
    link: { fileId: kept.id },
    delete: { fileId: gone.id },
  };
});
