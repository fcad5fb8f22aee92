import type { Bond, ChatContent, ChatEntry } from "./model.ts";
import type { State } from "./state.ts";

/** Appends to the chat of a puppet and an account, and tells the pages. */
export function addChat(
  state: State,
  bond: Bond,
  from: ChatEntry["from"],
  content: ChatContent,
  via: ChatEntry["via"] = null,
): ChatEntry {
  const entry: ChatEntry = { id: state.nextId("chat"), at: state.now(), from, via, content };
  if (bond.chat.length === 0) bond.chat = [entry];
  else bond.chat.push(entry);
  state.tell({ type: "chat", appid: bond.appid, puppetId: bond.puppetId });
  return entry;
}
