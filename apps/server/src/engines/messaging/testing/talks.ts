import type { Member } from "../../../testing/test-server.ts";
import type { TeaShop } from "../../../testing/tea-shop.ts";

/** Somebody who follows Lantern Tea, writes, and has a conversation. */
export async function newTalk(tea: TeaShop, text = "桂花乌龙还有吗？") {
  const puppet = tea.emulator.world.createPuppet();
  await tea.emulator.world.follow(puppet.id);
  await tea.emulator.world.say(puppet.id, { text });
  await tea.settle();
  const { openid } = tea.emulator.world.chat(puppet.id);
  const { items } = await tea.owner.api.messaging.listConversations({ search: openid });
  const [conversation] = items;
  if (conversation === undefined) throw new Error("nothing was heard of what they wrote");
  return { puppet, openid, conversationId: conversation.id, lastMessageId: conversation.lastMessageId };
}

/** The texts that came to their phone as customer-service messages. */
export function textsTo(tea: TeaShop, puppetId: string): string[] {
  return tea.emulator.world
    .chat(puppetId)
    .chat.flatMap(({ via, content }) => (via === "custom" && content.kind === "text" ? [content.text] : []));
}

export function read(who: Member, conversationId: string) {
  return who.api.messaging.getConversation({ conversationId });
}
