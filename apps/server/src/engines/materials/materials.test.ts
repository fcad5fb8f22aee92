import { addDraft } from "@zhanggui/wechat/calls/articles";
import { addMaterial, deleteMaterial } from "@zhanggui/wechat/calls/media";
import { fileOf } from "@zhanggui/wechat/upload";
import { afterEach, beforeEach, expect, inject, test } from "vitest";
import { onePixel } from "../../foundation/files/testing/pictures.ts";
import { refusal } from "../../testing/refusal.ts";
import { openTeaShop, type TeaShop } from "../../testing/tea-shop.ts";
import { WechatClients } from "../connect/clients.ts";
import { shortFilm } from "./testing/films.ts";

/* What stands in WeChat's library, what stands here, and what of it can be mass sent. */
let tea: TeaShop;
beforeEach(async () => {
  tea = await openTeaShop(inject("clusterUrl"));
});
afterEach(() => tea.close());

const wechatAppId = () => tea.bound.wechatAppId;
const client = () =>
  tea.server.app.get(WechatClients, { strict: false }).of(tea.server.runtime.ctx(tea.owner.tenantId), wechatAppId());
const picture = fileOf("龙井.png", "image/png", onePixel);
const film = fileOf("采茶.mp4", "video/mp4", shortFilm);
const names = async () =>
  (await tea.owner.api.materials.list({})).items.map(({ name, kind }) => `${kind} ${name}`).toSorted();
async function sync() {
  await tea.owner.api.materials.sync({ wechatAppId: wechatAppId() });
  await tea.settle();
  return (await tea.owner.api.materials.syncs()).items[0]!;
}
async function stored(name: string, stream: Uint8Array, contentType: string): Promise<string> {
  return (await tea.owner.api.files.upload({ name, stream, contentType })).id;
}

test("what was put into the library elsewhere is read, and what was deleted there goes", async () => {
  const wechat = await client();
  const { mediaId } = await wechat.call(addMaterial, { type: "image", file: picture });
  await wechat.call(addMaterial, { type: "video", file: film, title: "采茶", introduction: "" });
  await wechat.call(addDraft, { articles: [{ title: "春茶", content: "<p>新到</p>", thumbMediaId: mediaId }] });
  // More than a page.
  for (let n = 0; n < 25; n += 1) await wechat.call(addMaterial, { type: "image", file: picture });
  expect(await sync()).toMatchObject({ state: "done", items: 28, zh: null });
  expect(await tea.owner.api.materials.list({ kind: ["video", "news"] })).toMatchObject({
    items: [
      { name: "春茶", kind: "news", massSending: "yes", titles: ["春茶"], app: { name: "灯笼茶" } },
      { name: "采茶", kind: "video", massSending: "listed_video" },
    ],
  });
  const [first] = (await tea.owner.api.materials.list({ search: "龙井" })).items;
  await wechat.call(deleteMaterial, { mediaId: first!.mediaId });
  expect(await sync()).toMatchObject({ items: 27 });
  expect((await names()).filter((each) => each === "image 龙井.png")).toHaveLength(25);
});

test("the night reads every account that is on, and a refusal is told with its reason", async () => {
  tea.emulator.world.addFault({ target: "api", path: "/cgi-bin/material/batchget_material", count: 1, errcode: 48001 });
  await tea.server.runtime.runSchedule("materials.sync_all");
  await tea.settle();
  const [failed] = (await tea.owner.api.materials.syncs()).items;
  expect(failed).toMatchObject({ state: "failed", zh: expect.stringContaining("48001") });
  await tea.owner.api.connect.updateApp({ wechatAppId: wechatAppId(), enabled: false });
  const before = tea.emulator.world.journal({ kind: "api" }).length;
  await tea.server.runtime.runSchedule("materials.sync_all");
  await tea.settle();
  expect(tea.emulator.world.journal({ kind: "api" })).toHaveLength(before);
});

test.each([
  ["finds WeChat busy", { errcode: -1 }],
  ["asks too often in a minute", { errcode: 45011 }],
  ["gets no answer", { drop: "after" as const }],
])("a reading that %s goes on by itself", async (_why, how) => {
  const wechat = await client();
  for (let n = 0; n < 25; n += 1) await wechat.call(addMaterial, { type: "image", file: picture });
  const path = "/cgi-bin/material/batchget_material";
  // The client itself asks a lost or busy read again at once, a few times.
  tea.emulator.world.addFault({ target: "api", path, count: 4, ...how });
  await tea.owner.api.materials.sync({ wechatAppId: wechatAppId() });
  await tea.settle();
  expect((await tea.owner.api.materials.syncs()).items[0]).toMatchObject({
    state: "failed",
    zh: expect.stringContaining("稍后会再试"),
  });
  for (let hour = 0; hour < 5; hour += 1) {
    tea.server.clock.advance(3_600_000);
    await tea.settle();
  }
  expect((await tea.owner.api.materials.syncs()).items[0]).toMatchObject({ state: "done", items: 25, zh: null });
});

test("a file goes into the library and is shown from there; deleting it deletes it at WeChat", async () => {
  const fileId = await stored("茶.png", onePixel, "image/png");
  const made = await tea.owner.api.materials.upload({ wechatAppId: wechatAppId(), kind: "image", fileId });
  expect(made).toMatchObject({ name: "茶.png", kind: "image", massSending: "yes", expiresAt: null });
  const shown = await tea.owner.api.materials.picture({ materialId: made.id });
  expect(shown.contentType).toBe("image/png");
  await tea.owner.api.materials.delete({ materialId: made.id });
  expect(await sync()).toMatchObject({ items: 0 });
  expect(await names()).toEqual([]);
});

test("only a video that was uploaded for it can be mass sent, for three days", async () => {
  const fileId = await stored("采茶.mp4", shortFilm, "video/mp4");
  const upload = { wechatAppId: wechatAppId(), fileId, title: "采茶" };
  expect(await tea.owner.api.materials.upload({ ...upload, kind: "video" })).toMatchObject({
    massSending: "listed_video",
  });
  expect(await tea.owner.api.materials.upload({ ...upload, kind: "mass_video" })).toMatchObject({ massSending: "yes" });
  expect((await tea.owner.api.materials.list({ massSending: ["yes"] })).items).toHaveLength(1);
  tea.server.clock.advance(3 * 86_400_000);
  expect((await tea.owner.api.materials.list({ massSending: ["yes"] })).items).toHaveLength(0);
  await sync();
  expect(await names()).toEqual(["video 采茶"]);
});

test("what WeChat doesn't take is refused before it is asked; another's file isn't found", async () => {
  const upload = { wechatAppId: wechatAppId(), kind: "voice" } as const;
  const fileId = await stored("茶.png", onePixel, "image/png");
  const refused = await refusal(tea.owner.api.materials.upload({ ...upload, fileId }));
  expect(refused).toMatchObject({ code: "materials.not_such_file", errors: [{ field: "fileId" }] });
  const colleague = await tea.server.as("operator", tea.owner);
  expect(await refusal(colleague.api.materials.upload({ ...upload, kind: "image", fileId }))).toMatchObject({
    code: "kit.not_found",
  });
});
