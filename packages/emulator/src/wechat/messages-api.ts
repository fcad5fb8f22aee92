import { setImmediate as nextTurn } from "node:timers/promises";
import { addChat } from "../world/chat.ts";
import type { Account, Bond, ChatContent, Template } from "../world/model.ts";
import { templateStatuses } from "../world/model.ts";
import { sendEvent } from "../world/people.ts";
import type { State } from "../world/state.ts";
import { accountOf, objectOf, okAnswer, textOf } from "./answers.ts";
import { Refusal } from "./errcodes.ts";
import type { ApiCall, ApiRoute } from "./gateway.ts";
import { customMessageRules, templateRules, typingRules } from "./limits.ts";

/** Messages that an account sends by itself. Sources: the pages of customer-service and template messages. */
export const messageRoutes: readonly ApiRoute[] = [
  {
    method: "POST",
    path: "/cgi-bin/message/custom/send",
    access: "token",
    handle(state, call) {
      const bond = recipient(state, call);
      const content = customContent(call.body);
      if (!bond.following || bond.credit.until <= state.now()) throw new Refusal(45015);
      if (bond.credit.left <= 0) throw new Refusal(45047);
      bond.credit.left -= 1;
      bond.typingUntil = 0;
      addChat(state, bond, "account", content, "custom");
      return okAnswer;
    },
  },
  {
    method: "POST",
    path: "/cgi-bin/message/custom/typing",
    access: "token",
    handle(state, call) {
      const bond = recipient(state, call);
      showTyping(state, bond, textOf(call.body, "command"));
      return okAnswer;
    },
  },
  {
    method: "POST",
    path: "/cgi-bin/message/template/send",
    access: "token",
    handle(state, call) {
      const account = accountOf(call);
      const bond = recipient(state, call);
      const template = account.templates.find((one) => one.templateId === call.body["template_id"]);
      if (template === undefined) throw new Refusal(40037);
      const data = objectOf(call.body, "data");
      if (data === null) throw new Refusal(47001);
      if (!bond.following) throw new Refusal(43004);
      const msgid = sendTemplate(state, { account, bond, template, data, body: call.body });
      // A number of 19 digits, as on the real platform: JSON.parse would round it.
      return { json: `{"errcode":0,"errmsg":"ok","msgid":${msgid}}` };
    },
  },
];

function recipient(state: State, call: ApiCall): Bond {
  const openid = textOf(call.body, "touser");
  // Recalled: a missing touser is answered like a wrong one.
  const bond = openid === null ? undefined : state.bondByOpenid(accountOf(call).appid, openid);
  if (bond === undefined) throw new Refusal(40003);
  return bond;
}

/** Turns "is typing" on or off. Recalled: turning off what isn't on is no error; who has left is answered 45080. */
function showTyping(state: State, bond: Bond, command: string | null): void {
  if (command !== "Typing" && command !== "CancelTyping") throw new Refusal(45072);
  const since = state.now() - typingRules.afterMessageSeconds * 1000;
  const hasTalked = bond.chat.some(({ at, from }) => from !== "system" && at >= since);
  if (!bond.following || !hasTalked) throw new Refusal(45080);
  const isOn = bond.typingUntil > state.now();
  if (command === "Typing" && isOn) throw new Refusal(45081);
  bond.typingUntil = command === "Typing" ? state.now() + typingRules.lastsSeconds * 1000 : 0;
  state.tell({ type: "chat", appid: bond.appid, puppetId: bond.puppetId });
}

function customContent(body: Record<string, unknown>): ChatContent {
  // Texts only: the other types need media, which the emulator doesn't keep.
  if (body["msgtype"] !== "text") throw new Refusal(40008);
  const text = textOf(objectOf(body, "text") ?? {}, "content");
  if (text === null || text === "") throw new Refusal(44004);
  if (Buffer.byteLength(text) > customMessageRules.textBytes) throw new Refusal(45002);
  return { kind: "text", text };
}

interface TemplateSend {
  account: Account;
  bond: Bond;
  template: Template;
  data: Record<string, unknown>;
  body: Record<string, unknown>;
}

/** Delivers (or not, as the puppet is set) and pushes TEMPLATESENDJOBFINISH; returns the msgid. */
function sendTemplate(state: State, send: TemplateSend): string {
  const { account, bond } = send;
  const clientId = textOf(send.body, "client_msg_id");
  const guardKey = `${bond.appid} ${bond.openid} ${clientId}`;
  const guarded = clientId === null ? undefined : state.sentTemplates.get(guardKey);
  // Recalled: the repeat is answered like the first; the page only says that one message is sent.
  if (guarded !== undefined && guarded.until > state.now()) return guarded.msgid;
  const msgid = state.nextTemplateMessageId();
  if (clientId !== null) {
    state.sentTemplates.set(guardKey, { msgid, until: state.now() + templateRules.clientMessageSeconds * 1000 });
  }
  const delivery = state.puppet(bond.puppetId).templateDelivery;
  if (delivery === "success") addChat(state, bond, "account", card(send), "template");
  const fields = [
    { name: "MsgID", number: msgid },
    { name: "Status", text: templateStatuses[delivery] },
  ];
  // After the answer, as the real platform does it; `settle` waits for it.
  const finish = async (): Promise<void> => {
    await nextTurn();
    await sendEvent(state, account, bond, "TEMPLATESENDJOBFINISH", fields, false).done;
  };
  void state.track(state.notices.run(finish));
  return msgid;
}

function card({ template, data, body }: TemplateSend): ChatContent {
  const lines = template.content.split("\n").map((line) => {
    let color: string | null = null;
    const text = line.replace(/\{\{\s*(\w+)\.DATA\s*\}\}/g, (_whole, name: string) => {
      const value = objectOf(data, name);
      color = textOf(value ?? {}, "color") ?? color;
      const shown = value?.["value"];
      return typeof shown === "string" || typeof shown === "number" ? String(shown) : "";
    });
    return { text, color };
  });
  return { kind: "template", title: template.title, lines, url: textOf(body, "url") ?? "" };
}
