import type { Field } from "../wechat/envelope.ts";
import type { PushWork } from "../wechat/push.ts";
import { addChat } from "./chat.ts";
import type { EnterAction, MiniAction, SubscribeAction } from "./inputs.ts";
import type { Account, Bond } from "./model.ts";
import { sendEvent } from "./events.ts";
import { grant } from "./people.ts";
import type { State } from "./state.ts";
import { Trouble } from "./trouble.ts";

/** What a puppet does in a mini-program: what its own code would call `wx.…` for. */

/** `wx.login`: a code for jscode2session. */
export function login(state: State, puppetId: string, action: MiniAction): { code: string } {
  const { appid, openid } = visit(state, puppetId, action);
  return { code: state.miniCodes.give({ kind: "login", appid, openid }) };
}

/** The button for the phone number, agreed to: a code for getuserphonenumber. */
export function sharePhone(state: State, puppetId: string, action: MiniAction): { code: string } {
  const { appid, openid } = visit(state, puppetId, action);
  return { code: state.miniCodes.give({ kind: "phone", appid, openid }) };
}

/**
 * `wx.requestSubscribeMessage`: for each template accept or reject, as the dialogue asks; pushes
 * subscribe_msg_popup_event. Each acceptance is one message that may be sent.
 */
export function subscribe(state: State, puppetId: string, action: SubscribeAction): PushWork {
  const account = miniProgram(state, action.appid);
  const bond = visit(state, puppetId, action);
  const answers = Object.entries(action.answers);
  for (const [templateId] of answers) {
    if (!account.templates.some((template) => template.templateId === templateId))
      throw new Trouble("no_such_template", `The mini-program has no template ${templateId}.`);
  }
  const subscriptions = { ...bond.subscriptions };
  for (const [templateId, answer] of answers)
    if (answer === "accept") subscriptions[templateId] = (subscriptions[templateId] ?? 0) + 1;
  bond.subscriptions = subscriptions;
  state.tell({ type: "world" });
  const list = answers.map(([templateId, answer]): Field => listed(templateId, answer));
  return sendEvent(
    state,
    account,
    bond,
    "subscribe_msg_popup_event",
    [{ name: "SubscribeMsgPopupEvent", children: list, isOpenInJson: true }],
    false,
  );
}

/** The puppet opens the customer-service chat from a page: lets the mini-program write for a while. */
export function enterSession(state: State, puppetId: string, action: EnterAction): PushWork {
  const account = miniProgram(state, action.appid);
  const bond = visit(state, puppetId, action);
  grant(state, bond, "enter");
  addChat(state, bond, "system", { kind: "note", note: "entered", text: action.from ?? "" });
  const fields: Field[] = [{ name: "SessionFrom", text: action.from ?? "" }];
  return sendEvent(state, account, bond, "user_enter_tempsession", fields, false);
}

function listed(templateId: string, answer: string): Field {
  return {
    name: "List",
    children: [
      { name: "TemplateId", text: templateId },
      { name: "SubscribeStatusString", text: answer },
      { name: "PopupScene", text: "0" },
    ],
  };
}

function visit(state: State, puppetId: string, { appid }: MiniAction): Bond {
  return state.bond(miniProgram(state, appid), state.puppet(puppetId));
}

/** The mini-program that is meant; without a name, the only one there is. */
function miniProgram(state: State, appid: string | undefined): Account {
  const all = [...state.accounts.values()].filter(({ kind }) => kind === "miniprogram");
  const found = appid === undefined && all.length === 1 ? all[0] : all.find((account) => account.appid === appid);
  if (found === undefined) throw new Trouble("name_account", "Say which mini-program by its appid.");
  return found;
}
