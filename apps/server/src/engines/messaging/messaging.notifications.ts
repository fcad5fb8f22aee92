import { Id } from "@zhanggui/kit/contract/ids";
import { notification } from "@zhanggui/kit/contract/notification";
import { z } from "zod";
import { messagingReply } from "./conversations.contract.ts";

export const customersWaiting = notification(
  "messaging.customers_waiting",
  z.object({ count: z.int(), isMore: z.boolean(), hours: z.int(), conversationId: Id.nullable() }),
  {
    label: { zh: "客户快要无法回复", en: "The time to answer customers is running out" },
    title: ({ count, isMore, hours }) => ({
      zh: `${count}${isMore ? "+" : ""} 位客户还在等回复，不到 ${hours} 小时后微信就不再允许回复`,
      en: `Customers waiting for an answer: ${count}${isMore ? "+" : ""}. In under ${hours} hours WeChat won't let you reply any more`,
    }),
    link: ({ conversationId }) =>
      conversationId === null ? "/messages/conversations?state=waiting" : `/messages/conversations/${conversationId}`,
    importance: "high",
    needs: messagingReply,
  },
);

export const conversationAssigned = notification(
  "messaging.conversation_assigned",
  z.object({ conversationId: Id, by: z.string().nullable() }),
  {
    label: { zh: "有会话分配给我", en: "A conversation becomes mine" },
    title: ({ by }) =>
      by === null
        ? { zh: "有一位客户轮到您回复", en: "It is your turn to answer a customer" }
        : { zh: `${by} 把一个会话交给了您`, en: `${by} has given you a conversation` },
    link: ({ conversationId }) => `/messages/conversations/${conversationId}`,
    importance: "normal",
    needs: messagingReply,
  },
);
