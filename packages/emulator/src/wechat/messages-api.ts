import { z } from "zod";
import type { StoredBond } from "../world/bond-book.ts";
import { addChat } from "../world/chat.ts";
import type { Account, Bond, ChatContent, Template } from "../world/model.ts";
import { templateStatuses } from "../world/model.ts";
import { afterAnswer } from "../world/notices.ts";
import { sendEvent } from "../world/events.ts";
import { saidByStaff, staffOf } from "../world/staff.ts";
import type { State } from "../world/state.ts";
import { accountOf, bondOf, json, objectOf, okAnswer, textOf } from "./answers.ts";
import { customContent } from "./contents.ts";
import { Refusal } from "./errcodes.ts";
import { contentRules, customMessageRules, templateRules, typingRules } from "./limits.ts";
import type { ApiCall, ApiRoute } from "./route.ts";

const Data = z.record(z.string(), z.object({ value: z.union([z.string(), z.number()]), color: z.string().optional() }));

/** Messages that an account sends by itself. */
export const messageRoutes: readonly ApiRoute[] = [
  {
    method: "POST",
    path: "/cgi-bin/message/custom/send",
    says: "Sends a customer-service message, as long as the user's last action lets the account.",
    page: "doc/service/api/customer/message/api_sendcustommessage",
    access: "token",
    right: "customMessages",
    perDay: 500_000,
    body: z.looseObject({
      touser: z.string(),
      msgtype: z.string(),
      customservice: z.strictObject({ kf_account: z.string() }).optional(),
    }),
    rules: [contentRules.textBytes, ...Object.values(customMessageRules)],
    errcodes: [40003, 40007, 40008, 40013, 40073, 43019, 45015, 45047, 45162, 49003, 53600, 65401],
    handle(state, call) {
      const bond = recipient(state, call);
      const content = customContent(state, accountOf(call), call.body);
      const worker = textOf(objectOf(call.body, "customservice") ?? {}, "kf_account");
      if (worker !== null && staffOf(accountOf(call), worker) === undefined) throw new Refusal(65401);
      if (bond.isBlocked) throw new Refusal(43019);
      const mayWrite = bond.following || accountOf(call).kind === "miniprogram";
      if (!mayWrite || bond.credit.until <= state.now()) throw new Refusal(45015);
      if (bond.credit.left <= 0) throw new Refusal(45047);
      bond.credit = { ...bond.credit, left: bond.credit.left - 1 };
      bond.typingUntil = 0;
      addChat(state, bond, "account", content, "custom");
      if (worker !== null) saidByStaff(state, accountOf(call), bond, worker, content);
      return okAnswer;
    },
  },
  {
    method: "POST",
    path: "/cgi-bin/message/custom/typing",
    says: "Shows on the phone that the account is typing, or no longer.",
    page: "doc/service/api/customer/message/api_typing",
    access: "token",
    right: "customMessages",
    perDay: 500_000,
    body: z.strictObject({ touser: z.string(), command: z.string() }),
    rules: Object.values(typingRules),
    errcodes: [40003, 45072, 45080, 45081, 49003],
    handle(state, call) {
      const bond = recipient(state, call);
      showTyping(state, bond, textOf(call.body, "command"));
      return okAnswer;
    },
  },
  {
    method: "POST",
    path: "/cgi-bin/message/template/send",
    says: "Sends a template message to a follower; TEMPLATESENDJOBFINISH tells what became of it.",
    page: "doc/service/api/notify/template",
    access: "token",
    right: "templates",
    perDay: 100_000,
    body: z.strictObject({
      touser: z.string(),
      template_id: z.string(),
      url: z.string().optional(),
      miniprogram: z.strictObject({ appid: z.string(), pagepath: z.string().optional() }).optional(),
      client_msg_id: z.string().optional(),
      topcolor: z.string().optional(),
      data: Data,
    }),
    rules: [templateRules.clientMessageSeconds],
    errcodes: [40003, 40037, 43004, 43019, 49003],
    handle(state, call) {
      const account = accountOf(call);
      const bond = recipient(state, call);
      const template = account.templates.find((one) => one.templateId === call.body["template_id"]);
      if (template === undefined) throw new Refusal(40037);
      const data = objectOf(call.body, "data");
      if (data === null) throw new Refusal(47001);
      if (!bond.following) throw new Refusal(43004);
      if (bond.isBlocked) throw new Refusal(43019);
      const msgid = sendTemplate(state, { account, bond, template, data, body: call.body });
      // A number of 19 digits, as on the real platform: JSON.parse would round it.
      return { json: `{"errcode":0,"errmsg":"ok","msgid":${msgid}}` };
    },
  },
  {
    method: "GET",
    path: "/cgi-bin/template/get_all_private_template",
    says: "Lists the account's message templates.",
    page: "doc/service/api/notify/template",
    access: "token",
    right: "templates",
    handle(_state, call) {
      const list = accountOf(call).templates.map(({ templateId, title, content }) => ({
        template_id: templateId,
        title,
        primary_industry: "",
        deputy_industry: "",
        content,
        example: "",
      }));
      return json({ template_list: list });
    },
  },
  {
    method: "POST",
    path: "/cgi-bin/template/del_private_template",
    says: "Deletes a message template.",
    page: "doc/service/api/notify/template",
    access: "token",
    right: "templates",
    body: z.strictObject({ template_id: z.string() }),
    errcodes: [40037],
    handle(state, call) {
      const account = accountOf(call);
      const kept = account.templates.filter(({ templateId }) => templateId !== call.body["template_id"]);
      if (kept.length === account.templates.length) throw new Refusal(40037);
      account.templates = kept;
      state.tell({ type: "world" });
      return okAnswer;
    },
  },
];

/** @throws Refusal 40003, also where `touser` is missing (recalled), or 49003 */
function recipient(state: State, call: ApiCall): StoredBond {
  return bondOf(state, accountOf(call), textOf(call.body, "touser") ?? "");
}

/** Turns "is typing" on or off. Recalled: turning off what isn't on is no error; who has left is answered 45080. */
function showTyping(state: State, bond: Bond, command: string | null): void {
  if (command !== "Typing" && command !== "CancelTyping") throw new Refusal(45072);
  const since = state.now() - state.rules.number(typingRules.afterMessageSeconds) * 1000;
  const hasTalked = bond.chat.some(({ at, from }) => from !== "system" && at >= since);
  const mayWrite = bond.following || state.account(bond.appid).kind === "miniprogram";
  if (!mayWrite || !hasTalked) throw new Refusal(45080);
  const isOn = bond.typingUntil > state.now();
  if (command === "Typing" && isOn) throw new Refusal(45081);
  bond.typingUntil = command === "Typing" ? state.now() + state.rules.number(typingRules.lastsSeconds) * 1000 : 0;
  state.tell({ type: "chat", appid: bond.appid, puppetId: bond.puppetId });
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
    const seconds = state.rules.number(templateRules.clientMessageSeconds);
    state.sentTemplates.set(guardKey, { msgid, until: state.now() + seconds * 1000 });
  }
  const delivery = state.puppet(bond.puppetId).templateDelivery;
  if (delivery === "success") addChat(state, bond, "account", card(send), "template");
  const fields = [
    { name: "MsgID", number: msgid },
    { name: "Status", text: templateStatuses[delivery] },
  ];
  afterAnswer(state, () => sendEvent(state, account, bond, "TEMPLATESENDJOBFINISH", fields, false));
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
