import { z } from "zod";
import { addChat } from "../world/chat.ts";
import type { Account, Bond, Template } from "../world/model.ts";
import { afterAnswer } from "../world/notices.ts";
import { sendEvent } from "../world/events.ts";
import type { State } from "../world/state.ts";
import { accountOf, bondOf, json, numberOf, objectOf, okAnswer, textOf } from "./answers.ts";
import { Refusal } from "./errcodes.ts";
import { categories, library } from "./library.ts";
import { miniRules } from "./limits.ts";
import type { ApiRoute } from "./route.ts";

const common = { access: "token", right: "miniProgram" } as const;
const libraryPage = "miniprogram/dev/OpenApiDoc/mp-message-management/subscribe-message";

/** Subscription messages: the library of templates, the account's own, and their sending. */
export const subscribeRoutes: readonly ApiRoute[] = [
  {
    ...common,
    method: "GET",
    path: "/wxaapi/newtmpl/getcategory",
    says: "Lists the mini-program's categories.",
    page: `${libraryPage}/getCategory`,
    handle: () => json({ errcode: 0, errmsg: "ok", data: categories }),
  },
  {
    ...common,
    method: "GET",
    path: "/wxaapi/newtmpl/getpubtemplatetitles",
    says: "Lists the library's templates of some categories, thirty at a time.",
    page: `${libraryPage}/getPubTemplateTitleList`,
    rules: [miniRules.titles],
    errcodes: [200016, 200018, 200019],
    handle(state, { query }) {
      if ((query["ids"] ?? "") === "") throw new Refusal(200018);
      const ids = (query["ids"] ?? "").split(",").map(Number);
      if (ids.some((id) => !categories.some((category) => category.id === id))) throw new Refusal(200019);
      const start = Number(query["start"] ?? 0);
      const limit = Number(query["limit"] ?? 0);
      if (!Number.isInteger(start) || start < 0) throw new Refusal(200016);
      state.rules.within(miniRules.titles, limit);
      const all = library.filter(({ categoryId }) => ids.includes(categoryId));
      const data = all.slice(start, start + limit).map(({ tid, title, type, categoryId }) => ({
        tid,
        title,
        type,
        categoryId: String(categoryId),
      }));
      return json({ errcode: 0, errmsg: "ok", count: all.length, data });
    },
  },
  {
    ...common,
    method: "GET",
    path: "/wxaapi/newtmpl/getpubtemplatekeywords",
    says: "Lists the keywords of a template of the library.",
    page: `${libraryPage}/getPubTemplateKeyWordsById`,
    errcodes: [200014],
    handle(_state, { query }) {
      const found = library.find(({ tid }) => tid === Number(query["tid"]));
      if (found === undefined) throw new Refusal(200014);
      return json({ errcode: 0, errmsg: "ok", count: found.keywords.length, data: found.keywords });
    },
  },
  {
    ...common,
    method: "POST",
    path: "/wxaapi/newtmpl/addtemplate",
    says: "Makes a template of the library the mini-program's own, with two to five of its keywords.",
    page: `${libraryPage}/addMessageTemplate`,
    body: z.strictObject({
      tid: z.union([z.string(), z.number()]),
      kidList: z.array(z.number()),
      sceneDesc: z.string().optional(),
    }),
    rules: [miniRules.keywords, miniRules.templates],
    errcodes: [200014, 200020, 200021],
    handle(state, call) {
      const account = accountOf(call);
      const found = library.find(({ tid }) => tid === numberOf(call.body, "tid"));
      if (found === undefined) throw new Refusal(200014);
      const given = call.body["kidList"];
      // A form that names one keyword only has no list.
      const kids = (Array.isArray(given) ? (given as unknown[]) : [given]).map((kid) => numberOf({ kid }, "kid"));
      state.rules.within(miniRules.keywords, kids.length);
      const keywords = kids.map((kid) => found.keywords.find((each) => each.kid === kid));
      if (keywords.includes(undefined) || new Set(kids).size !== kids.length) throw new Refusal(200020);
      if ((textOf(call.body, "sceneDesc") ?? "").length > 15) throw new Refusal(200021);
      state.rules.within(miniRules.templates, account.templates.length + 1);
      // A keyword's name in data is its rule and its number.
      const content = keywords.map((each) => `${each?.name}:{{${each?.rule}${each?.kid}.DATA}}`).join("\n");
      const template: Template = { templateId: state.random.letters(43), title: found.title, content };
      account.templates.push(template);
      state.tell({ type: "world" });
      return json({ errcode: 0, errmsg: "ok", priTmplId: template.templateId });
    },
  },
  {
    ...common,
    method: "GET",
    path: "/wxaapi/newtmpl/gettemplate",
    says: "Lists the mini-program's own templates.",
    page: `${libraryPage}/getMessageTemplateList`,
    handle(_state, call) {
      const data = accountOf(call).templates.map(({ templateId, title, content }) => ({
        priTmplId: templateId,
        title,
        content,
        example: "",
        type: 2,
      }));
      return json({ errcode: 0, errmsg: "ok", data });
    },
  },
  {
    ...common,
    method: "POST",
    path: "/wxaapi/newtmpl/deltemplate",
    says: "Deletes one of the mini-program's own templates.",
    page: `${libraryPage}/deleteMessageTemplate`,
    body: z.strictObject({ priTmplId: z.string() }),
    errcodes: [40037],
    handle(state, call) {
      const account = accountOf(call);
      const kept = account.templates.filter(({ templateId }) => templateId !== call.body["priTmplId"]);
      if (kept.length === account.templates.length) throw new Refusal(40037);
      account.templates = kept;
      state.tell({ type: "world" });
      return okAnswer;
    },
  },
  {
    ...common,
    method: "POST",
    path: "/cgi-bin/message/subscribe/send",
    says: "Sends one message for one consent; subscribe_msg_sent_event tells what became of it.",
    page: `${libraryPage}/sendMessage`,
    body: z.strictObject({
      touser: z.string(),
      template_id: z.string(),
      page: z.string().optional(),
      miniprogram_state: z.string().optional(),
      lang: z.string().optional(),
      data: z.record(z.string(), z.strictObject({ value: z.union([z.string(), z.number()]) })),
    }),
    errcodes: [40003, 40037, 41030, 43101, 47003, 49003],
    handle(state, call) {
      const account = accountOf(call);
      const bond = bondOf(state, account, textOf(call.body, "touser") ?? "");
      const template = account.templates.find((one) => one.templateId === call.body["template_id"]);
      if (template === undefined) throw new Refusal(40037);
      if ((textOf(call.body, "page") ?? "").startsWith("/")) throw new Refusal(41030);
      const lines = filled(template, objectOf(call.body, "data") ?? {});
      const left = bond.subscriptions[template.templateId] ?? 0;
      if (left < 1) throw new Refusal(43101);
      bond.subscriptions = { ...bond.subscriptions, [template.templateId]: left - 1 };
      const url = textOf(call.body, "page") ?? "";
      addChat(state, bond, "account", { kind: "template", title: template.title, lines, url }, "template");
      return { json: `{"errcode":0,"errmsg":"ok","msgid":${announce(state, account, bond, template)}}` };
    },
  },
];

/** Tells what became of a message, and gives its id. */
function announce(state: State, account: Account, bond: Bond, { templateId }: Template): string {
  const msgid = state.nextTemplateMessageId();
  const list = [
    { name: "TemplateId", text: templateId },
    { name: "MsgID", text: msgid },
    { name: "ErrorCode", text: "0" },
    { name: "ErrorStatus", text: "success" },
  ];
  afterAnswer(state, () => {
    const fields = [
      { name: "SubscribeMsgSentEvent", children: [{ name: "List", children: list }], isOpenInJson: true },
    ];
    return sendEvent(state, account, bond, "subscribe_msg_sent_event", fields, false);
  });
  return msgid;
}

/** What each kind of keyword may be. Source: subscribe-message/sendMessage, "参数值限制". */
const shapes: Readonly<Record<string, RegExp>> = {
  thing: /^.{1,20}$/su,
  number: /^-?\d{1,32}(?:\.\d+)?$/,
  letter: /^[A-Za-z]{1,32}$/,
  symbol: /^[^\p{L}\p{N}\s]{1,5}$/u,
  character_string: /^[\x21-\x7e]{1,32}$/,
  // A time and a date may be a span, "…~…".
  time: /^\d{1,2}:\d{2}(?::\d{2})?$|^\d{4}[-年/]\d{1,2}[-月/]\d{1,2}日? \d{1,2}:\d{2}(?::\d{2})?$/,
  date: /^\d{4}[-年/]\d{1,2}[-月/]\d{1,2}日?(?: \d{1,2}:\d{2}(?::\d{2})?)?$/,
  amount: /^[¥￥$]?\d{1,10}(?:\.\d{1,2})?元?$/,
  phone_number: /^[\d+\- ]{1,17}$/,
  car_number: /^.{1,8}$/u,
  name: /^(?:[\p{Script=Han}·]{1,10}|[A-Za-z .]{1,20})$/u,
  phrase: /^\p{Script=Han}{1,5}$/u,
};

function isShaped(rule: string, text: string): boolean {
  const parts = rule === "time" || rule === "date" ? text.split("~") : [text];
  return parts.length <= 2 && parts.every((part) => !Object.hasOwn(shapes, rule) || shapes[rule]?.test(part) === true);
}

/** The lines of a message. @throws Refusal 47003, naming the keyword */
function filled({ content }: Template, data: Record<string, unknown>): { text: string; color: null }[] {
  return content.split("\n").map((line) => ({
    text: line.replace(/\{\{(\w+?)(\d+)\.DATA\}\}/, (_whole, rule: string, number: string) => {
      const name = `${rule}${number}`;
      const value = objectOf(data, name)?.["value"];
      const text = typeof value === "number" ? String(value) : value;
      if (typeof text !== "string" || !isShaped(rule, text))
        throw new Refusal(47003, ` data.${name}.value is ${typeof text === "string" ? "invalid" : "empty"}`);
      return text;
    }),
    color: null,
  }));
}
