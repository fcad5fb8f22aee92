import { afterEach, beforeEach, expect, inject, test, vi } from "vitest";
import type { Ctx } from "@zhanggui/kit/server/ctx";
import { refusal } from "../../testing/refusal.ts";
import { openTeaShop, type TeaShop } from "../../testing/tea-shop.ts";
import { WechatClients } from "../connect/clients.ts";
import { ReceivedMedia } from "../connect/received-media.ts";
import { saidByMedia, shortVoice, temporaryMedia } from "../connect/testing/media.ts";
import { shortFilm } from "../materials/testing/films.ts";

/* Voice and video that customers sent: fetched from WeChat once, kept, and gone where WeChat has forgotten them. */
let tea: TeaShop;
let ctx: Ctx;
let conversationId: string;
let who: { wechatAppId: string; openid: string };
beforeEach(async () => {
  tea = await openTeaShop(inject("clusterUrl"));
  ctx = tea.server.runtime.ctx(tea.owner.tenantId);
  const { id } = tea.emulator.world.createPuppet();
  await tea.emulator.world.follow(id);
  await tea.emulator.world.say(id, { text: "在吗" });
  await tea.settle();
  const [talk] = (await tea.owner.api.messaging.listConversations({})).items;
  conversationId = talk!.id;
  who = talk!;
});
afterEach(() => {
  vi.restoreAllMocks();
  return tea.close();
});

const dayMs = 86_400_000;
const asked = () => tea.emulator.world.journal({ kind: "api", path: "/cgi-bin/media/get" } as never).length;
async function said(kind: "voice" | "video"): Promise<string> {
  const file =
    kind === "voice"
      ? { type: kind, name: "v.amr", contentType: "audio/amr", bytes: shortVoice }
      : { type: kind, name: "v.mp4", contentType: "video/mp4", bytes: shortFilm };
  return saidByMedia(ctx, who, kind, await temporaryMedia(tea.server, ctx, who.wechatAppId, file));
}
const fetchMedia = (messageId: string) => tea.owner.api.messaging.fetchMedia({ conversationId, messageId });
const ofAddress = (url: string, range?: string) =>
  fetch(tea.server.url + new URL(url).pathname, range === undefined ? {} : { headers: { range } });

test.each([
  ["voice", "audio/amr", shortVoice],
  ["video", "video/mp4", shortFilm],
] as const)("%s is fetched once, and is there in parts after WeChat has forgotten it", async (kind, type, bytes) => {
  const messageId = await said(kind);
  const first = await Promise.all([fetchMedia(messageId), fetchMedia(messageId), fetchMedia(messageId)]);
  expect(first[0]).toMatchObject({ contentType: type, sizeBytes: bytes.length });
  tea.server.clock.advance(4 * dayMs);
  tea.emulator.world.addFault({ target: "api", path: "/cgi-bin/media/get", count: 9, errcode: 40007 });
  const owner = await tea.server.as("operator", tea.owner);
  const { url } = await owner.api.messaging.fetchMedia({ conversationId, messageId });
  const whole = await ofAddress(url);
  expect(Buffer.from(await whole.arrayBuffer())).toEqual(Buffer.from(bytes));
  const part = await ofAddress(url, "bytes=1-3");
  expect([part.status, part.headers.get("content-range")]).toEqual([206, `bytes 1-3/${bytes.length}`]);
  expect(Buffer.from(await part.arrayBuffer())).toEqual(Buffer.from(bytes.slice(1, 4)));
});

test("what WeChat has forgotten says so, and WeChat isn't asked again", async () => {
  const messageId = await said("voice");
  tea.emulator.world.addFault({ target: "api", path: "/cgi-bin/media/get", count: 1, errcode: 40007 });
  expect(await refusal(fetchMedia(messageId))).toMatchObject({ code: "connect.media_gone", status: 410 });
  const before = asked();
  expect(await refusal(fetchMedia(messageId))).toMatchObject({ code: "connect.media_gone" });
  expect(asked()).toBe(before);
});

test("where WeChat can't be asked just now, the next try may succeed", async () => {
  const messageId = await said("voice");
  tea.emulator.world.addFault({ target: "api", path: "/cgi-bin/media/get", count: 1, errcode: 45009 });
  expect(await refusal(fetchMedia(messageId))).toMatchObject({ code: "connect.wechat_refused" });
  expect(await fetchMedia(messageId)).toMatchObject({ contentType: "audio/amr" });
});

test("a text has none, another's conversation is none, and what is kept goes with its message", async () => {
  const { lastMessageId } = await tea.owner.api.messaging.getConversation({ conversationId });
  expect(await refusal(fetchMedia(lastMessageId))).toMatchObject({ code: "kit.not_found" });
  const messageId = await said("voice");
  await fetchMedia(messageId);
  const stranger = await tea.server.asOwner();
  expect(await refusal(stranger.api.messaging.fetchMedia({ conversationId, messageId }))).toMatchObject({
    code: "kit.not_found",
  });
  await ctx.sql`DELETE FROM connect_inbound WHERE id = ${messageId}::uuid`;
  await tea.server.runtime.runSchedule("connect.release_media");
  await tea.settle();
  expect(await ctx.sql`SELECT id FROM files_file`).toEqual([]);
});

/** WeChat says that a video is at that address. */
function videoAt(url: string): void {
  vi.spyOn(tea.server.app.get(WechatClients, { strict: false }), "ask").mockResolvedValue({ url });
}

test("a video that doesn't say how long it is, is read no further than any of WeChat's is long", async () => {
  const messageId = await said("video");
  videoAt("http://vweixinp.tc.qq.com/film.mp4");
  const pieceBytes = 1_048_576;
  let pieces = 0;
  let isLeft = false;
  const endless = new ReadableStream<Uint8Array>({
    pull(controller) {
      pieces += 1;
      if (pieces > 100) controller.close();
      else controller.enqueue(new Uint8Array(pieceBytes));
    },
    cancel: () => void (isLeft = true),
  });
  const fetchAll = globalThis.fetch;
  vi.spyOn(globalThis, "fetch").mockImplementation((input, init) =>
    urlOf(input).includes(".qq.com/") ? Promise.resolve(new Response(endless)) : fetchAll(input, init),
  );
  expect(await refusal(fetchMedia(messageId))).toMatchObject({ code: "connect.wechat_unreachable" });
  expect(isLeft).toBe(true);
  expect(pieces).toBeLessThanOrEqual(28);
});

test.each(["http://127.0.0.1:9/a.mp4", "http://10.0.0.8/a.mp4", "http://qq.com.tea.example/a.mp4", "file:///a.mp4"])(
  "%s is not WeChat's, and isn't asked",
  async (url) => {
    const messageId = await said("video");
    videoAt(url);
    const fetchAll = globalThis.fetch;
    const asked: string[] = [];
    vi.spyOn(globalThis, "fetch").mockImplementation((input, init) => {
      asked.push(urlOf(input));
      return urlOf(input) === url ? Promise.resolve(new Response(Buffer.from(shortFilm))) : fetchAll(input, init);
    });
    expect(await refusal(fetchMedia(messageId))).toMatchObject({ code: "connect.wechat_unreachable" });
    expect(asked).not.toContain(url);
  },
);

test("whoever asked first may leave: those who wait have it all the same", async () => {
  const messageId = await said("video");
  const media = tea.server.app.get(ReceivedMedia, { strict: false });
  const begun = Promise.withResolvers<void>();
  const goOn = Promise.withResolvers<void>();
  videoAt(`${tea.emulator.url}/film.mp4`);
  vi.spyOn(globalThis, "fetch").mockImplementation(async (_, init) => {
    begun.resolve();
    await goOn.promise;
    init?.signal?.throwIfAborted();
    return new Response(Buffer.from(shortFilm));
  });
  const first = new AbortController();
  const leaves = media.of(tea.server.runtime.ctx(tea.owner.tenantId, { signal: first.signal }), who, messageId);
  const stays = media.of(ctx, who, messageId);
  await begun.promise;
  first.abort();
  await expect(leaves).rejects.toThrow("aborted");
  goOn.resolve();
  expect(await stays).toMatchObject({ type: "video/mp4", sizeBytes: shortFilm.length });
});

test("more than a thousand whose messages are gone go in one night, and none of a tenant that may only be read", async () => {
  const made = 2_001;
  const insert = () => ctx.sql`
    INSERT INTO connect_media (tenant_id, inbound_id, fetched_at)
    SELECT ${ctx.tenantId}::uuid, gen_random_uuid(), ${ctx.now()} FROM generate_series(1, ${made}::int)`;
  const left = async () => (await ctx.sql`SELECT 1 FROM connect_media`).length;
  await insert();
  const isReadOnly = vi.spyOn(tea.server.runtime.tenants, "isReadOnly").mockReturnValue(true);
  await tea.server.runtime.runSchedule("connect.release_media");
  expect(await left()).toBe(made);
  isReadOnly.mockRestore();
  await tea.server.runtime.runSchedule("connect.release_media");
  expect(await left()).toBe(0);
});

function urlOf(input: Parameters<typeof fetch>[0]): string {
  return typeof input === "string" ? input : input instanceof URL ? input.href : input.url;
}
