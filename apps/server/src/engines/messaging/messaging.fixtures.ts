import { fixturesOf } from "../../testing/every-route.ts";
import { welcomeTemplate } from "../../testing/lantern-tea.ts";
import { messaging } from "./messaging.contract.ts";

export const fixtures = fixturesOf(messaging)(async ({ owner, bound }) => {
  const [rule, spareRule] = (await owner.api.messaging.listRules()).items;
  const deliveries = await owner.api.messaging.listDeliveries({});
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
  return {
    listRules: {},
    createRule: { name: "Rule", on: "follow", wechatAppId: bound.wechatAppId, reply: "Welcome" },
    updateRule: { ruleId: rule!.id, enabled: false },
    deleteRule: { ruleId: spareRule!.id },
    listScenes: {},
    createScene: scene,
    updateScene: { ...scene, sceneId: bound.sceneId, version: 1 },
    listDeliveries: {},
    getDelivery: { deliveryId: deliveries.items[0]!.id },
  };
});
