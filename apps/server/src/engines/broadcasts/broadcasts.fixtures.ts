import { fixturesOf } from "../../testing/every-route.ts";
import { shortFilm } from "../materials/testing/films.ts";
import { broadcasts } from "./broadcasts.contract.ts";

export const fixtures = fixturesOf(broadcasts)(async ({ owner, server, bound: { wechatAppId } }) => {
  const text = { name: "新茶", wechatAppId, audience: "all", message: "text", text: "明前龙井到店" } as const;
  const film = { name: "tea.mp4", stream: shortFilm, contentType: "video/mp4" };
  const { id: fileId } = await owner.api.files.upload(film);
  const { id: materialId } = await owner.api.materials.upload({ wechatAppId, kind: "mass_video", fileId });
  const video = { name: "采茶", wechatAppId, audience: "all", message: "material", materialId } as const;
  const make = async (given: typeof text | typeof video) => (await owner.api.broadcasts.create(given)).id;
  const [draft, spare, sent] = [await make(text), await make(text), await make(video)];
  const { people } = await owner.api.broadcasts.count({ broadcastId: sent });
  await owner.api.broadcasts.send({ broadcastId: sent, people });
  await server.runUntilIdle();
  const refused = await make(text);
  await owner.api.broadcasts.send({ broadcastId: refused, people });
  await server.runUntilIdle();
  // Whichever way WeChat's report takes.
  const { db } = server.runtime.ctx(owner.tenantId);
  const report = { status: "send success", total: 1, sent: 1, failed: 0, receivedAt: new Date() };
  await db
    .insertInto("broadcasts_receipt")
    .values({ wechatAppId, msgId: "1", ...report })
    .execute();
  await db.updateTable("broadcasts_broadcast").set({ state: "sent" }).where("id", "=", sent).execute();
  const unsent = { state: "failed", msgId: null, mayBeSent: false } as const;
  await db.updateTable("broadcasts_part").set(unsent).where("broadcastId", "=", refused).execute();
  const [person] = (await owner.api.audience.listPeople({ following: true })).items;
  return {
    list: {},
    get: { broadcastId: sent },
    wechatTags: {},
    create: text,
    update: { ...text, broadcastId: draft, name: "春茶" },
    delete: { broadcastId: spare },
    preview: { broadcastId: draft, personId: person!.id },
    count: { broadcastId: draft },
    send: { broadcastId: draft, people },
    resend: { broadcastId: refused, people },
    takeDown: { broadcastId: sent },
  };
});
