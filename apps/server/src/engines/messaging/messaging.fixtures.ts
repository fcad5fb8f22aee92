import { onePixel } from "../../foundation/files/testing/pictures.ts";
import { saidByMedia, shortVoice, temporaryMedia } from "../connect/testing/media.ts";
import { fixturesOf } from "../../testing/every-route.ts";
import { saying, welcomeTemplate } from "../../testing/lantern-tea.ts";
import type { Member, TestServer } from "../../testing/test-server.ts";
import { messaging } from "./messaging.contract.ts";

export const fixtures = fixturesOf(messaging)(async ({ server, owner, bound }) => {
  let count = 0;
  const [rule, spareRule] = (await owner.api.messaging.listRules()).items;
  const deliveries = await owner.api.messaging.listDeliveries({});
  const talks = (await owner.api.messaging.listConversations({})).items;
  const [conversation, other] = ["text", "image"].map((kind) => talks.find(({ lastKind }) => lastKind === kind));
  const { id: conversationId, lastMessageId } = conversation!;
  const ofOther = { conversationId: other!.id, deliveryId: await failedPicture(server, owner, other!.id) };
  const scene = {
    name: "新客到店",
    trigger: "audience.channel_entered.v1" as const,
    channelId: bound.channel.id,
    items: [
      {
        channel: "wechat_template" as const,
        templateId: welcomeTemplate.templateId,
        data: { first: "{{ person.displayName }}" },
      },
    ],
    enabled: true,
  };
  const spareScene = await owner.api.messaging.createScene({ ...scene, name: "备用" });
  const [canned, spareCanned] = await Promise.all(
    ["你好", "再见"].map((shortcut) => owner.api.messaging.createCanned({ shortcut, text: shortcut })),
  );
  await owner.api.messaging.setDuty({ isOnDuty: true });
  await owner.api.messaging.noteConversation({ conversationId, text: "喜欢桂花" });
  const { wechatAppId, openid } = conversation!;
  const told = { wechatAppId, openid, what: "busy", at: server.clock.now() };
  await server.runtime.ctx(owner.tenantId).db.insertInto("messaging_told").values(told).execute();
  const ctx = server.runtime.ctx(owner.tenantId);
  const voice = { type: "voice", name: "v.amr", contentType: "audio/amr", bytes: shortVoice } as const;
  const mediaId = await temporaryMedia(server, ctx, wechatAppId, voice);
  const messageId = await saidByMedia(ctx, { wechatAppId, openid }, "voice", mediaId);
  await owner.api.messaging.fetchMedia({ conversationId, messageId });
  return {
    listRules: {},
    tryRules: { on: "keyword", text: "菜单", wechatAppId: bound.wechatAppId },
    checkRule: { name: "Rule", on: "follow", replies: saying("Welcome") },
    createRule: { name: "Rule", on: "follow", wechatAppId: bound.wechatAppId, replies: saying("Welcome") },
    updateRule: { ruleId: rule!.id, enabled: false },
    deleteRule: { ruleId: spareRule!.id },
    listScenes: {},
    createScene: scene,
    updateScene: { ...scene, sceneId: bound.sceneId, version: 1 },
    sceneHistory: { sceneId: bound.sceneId },
    deleteScene: { sceneId: spareScene.id },
    listDeliveries: {},
    getFigures: {},
    listConversations: {},
    getConversation: { conversationId },
    readThread: { conversationId },
    reply: { conversationId, text: "还有的，给您留一份。", lastReplyId: null },
    retryReply: { ...ofOther, lastReplyId: ofOther.deliveryId },
    assignConversation: { conversationId, assigneeId: owner.accountId, from: owner.accountId },
    noteConversation: { conversationId, text: "常客" },
    readConversation: { conversationId, lastMessageId },
    snoozeConversation: {
      conversationId,
      lastMessageId,
      until: new Date(server.clock.now().getTime() + 3_600_000).toISOString(),
    },
    showTyping: { conversationId },
    pictureSent: ofOther,
    deliveryPicture: { deliveryId: ofOther.deliveryId },
    pictureSaid: { conversationId: other!.id, messageId: other!.lastMessageId },
    fetchMedia: { conversationId, messageId },
    listStaff: {},
    setDuty: { isOnDuty: true },
    listCanned: {},
    createCanned: () => ({ shortcut: `又${(count += 1)}`, text: "你好" }),
    updateCanned: { cannedId: canned!.id, text: "您好" },
    deleteCanned: { cannedId: spareCanned!.id },
    fillCanned: { conversationId },
    closeConversation: { conversationId, lastMessageId },
    getDelivery: { deliveryId: deliveries.items[0]!.id },
  };
});

/** A picture that went out, as if WeChat had refused it. */
async function failedPicture(server: TestServer, { api, tenantId }: Member, conversationId: string): Promise<string> {
  const file = await api.files.upload({ name: "茶.png", stream: onePixel, contentType: "image/png" });
  const { id } = await api.messaging.reply({ conversationId, fileId: file.id, lastReplyId: null });
  await server.runUntilIdle();
  const { db } = server.runtime.ctx(tenantId);
  await db.updateTable("messaging_delivery").set({ state: "failed" }).where("id", "=", id).execute();
  return id;
}
