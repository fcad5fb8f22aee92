import { unixSeconds } from "../clock.ts";
import type { Field } from "../wechat/envelope.ts";
import { push, type PushWork } from "../wechat/push.ts";
import type { Account, Bond } from "./model.ts";
import type { State } from "./state.ts";

/** An event of the account itself, which no user caused: what a job came to. */
export function sendAccountEvent(state: State, account: Account, event: string, fields: Field[]): PushWork {
  const all: Field[] = [
    { name: "ToUserName", text: account.originalId },
    // WeChat's own helper sends these. Source: doc/offiaccount … Batch_Sends_and_Originality_Checks.
    { name: "FromUserName", text: "mphelper" },
    { name: "CreateTime", number: String(unixSeconds(state.clock.now())) },
    { name: "MsgType", text: "event" },
    { name: "Event", text: event },
    ...fields,
  ];
  return push(state, { account, bond: null, what: event, fields: all, isEvent: true, conversation: false });
}

/** Pushes an event. `conversation`: whether a phone shows the answer. */
export function sendEvent(
  state: State,
  account: Account,
  bond: Bond,
  event: string,
  fields: Field[],
  conversation: boolean,
): PushWork {
  const all = [...heads(state, account, bond, "event"), { name: "Event", text: event }, ...fields];
  return push(state, { account, bond, what: event, fields: all, isEvent: true, conversation });
}

export function heads(state: State, account: Account, bond: Bond, type: string): Field[] {
  return [
    { name: "ToUserName", text: account.originalId },
    { name: "FromUserName", text: bond.openid },
    { name: "CreateTime", number: String(unixSeconds(state.clock.now())) },
    { name: "MsgType", text: type },
  ];
}
