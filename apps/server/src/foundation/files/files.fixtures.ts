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
  const tus = { "tus-resumable": "1.0.0" };
  const about = {
    ...tus,
    "upload-length": "5",
    "upload-metadata": `filename ${Buffer.from("a.txt").toString("base64")}`,
  };
  const begin = async () => {
    const { headers } = await owner.api.files.beginUpload({ headers: about });
    return headers.location?.replace(/.*\//, "") ?? "";
  };
  const [read, toSend, toEnd] = [await begin(), await begin(), await begin()];
  const piece = { stream: Buffer.from("tea"), contentType: "application/offset+octet-stream" };
  return {
    beginUpload: { headers: about },
    getUpload: { uploadId: read, headers: tus },
    sendUpload: { uploadId: toSend, headers: { ...tus, "upload-offset": "0" }, ...piece },
    endUpload: { uploadId: toEnd, headers: tus },
    list: {},
    upload,
    download: { fileId: kept.id, headers: {} },
    thumbnail: { fileId: kept.id },
    link: { fileId: kept.id },
    delete: { fileId: gone.id },
  };
});
