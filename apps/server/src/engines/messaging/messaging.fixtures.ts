import { fixturesOf } from "../../testing/every-route.ts";
import { welcomeTemplate } from "../../testing/lantern-tea.ts";
import { messaging } from "./messaging.contract.ts";

export const fixtures = fixturesOf(messaging)(async ({ owner, bound }) => {
  const [rule, spareRule] = (await owner.api.messaging.listRules()).items;
  const deliveries = await owner.api.messaging.listDeliveries({});
  const conversation = (await owner.api.messaging.listConversations({})).items[0]!;
  const { id: conversationId, lastMessageId } = conversation;
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
  return {
    listRules: {},
    checkRule: { name: "Rule", on: "follow", reply: "Welcome" },
    createRule: { name: "Rule", on: "follow", wechatAppId: bound.wechatAppId, reply: "Welcome" },
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
    closeConversation: { conversationId, lastMessageId },
    getDelivery: { deliveryId: deliveries.items[0]!.id },
  };
});
