import type { Fields, FieldValue } from "./fields.ts";
import { textOf } from "./fields.ts";

/**
 * What WeChat pushes about subscription messages of mini-programs and subscription notices of service accounts.
 * Sources: miniprogram/dev/framework/open-ability/subscribe-message, "订阅消息事件推送", and service account guide,
 * subscription_messages/push, read 2026-11.
 */

/** What somebody said of one template. */
export interface SubscribeAnswer {
  readonly templateId: string;
  /** `accept` or `reject`; anything else isn't documented, and means nothing here. */
  readonly answer: string;
}

/** What became of one message that was sent. */
export interface SubscribeSent {
  readonly templateId: string;
  /** The `msgid` that sending answered. */
  readonly msgId: string;
  /** "0" if it arrived; else "a failure of the system", which WeChat explains no further. */
  readonly errorCode: string;
  readonly status: string;
}

export const subscribeEvents = {
  /** The dialogue: accepted or refused, for each template that it asked for. */
  popup: "subscribe_msg_popup_event",
  /** The settings: so far WeChat only tells that somebody wants no more of a template. */
  change: "subscribe_msg_change_event",
  sent: "subscribe_msg_sent_event",
} as const;

/** XML wraps the entries in the first name that there is; the service account's guide uses the popup's. */
const wrappers = ["SubscribeMsgPopupEvent", "SubscribeMsgChangeEvent", "SubscribeMsgSentEvent"] as const;

export function subscribeAnswers(fields: Fields): SubscribeAnswer[] {
  return entriesOf(fields).flatMap((entry) => {
    const templateId = textOf(entry, "TemplateId") ?? "";
    const answer = textOf(entry, "SubscribeStatusString") ?? "";
    return templateId === "" ? [] : [{ templateId, answer }];
  });
}

export function subscribeSents(fields: Fields): SubscribeSent[] {
  return entriesOf(fields).flatMap((entry) => {
    const templateId = textOf(entry, "TemplateId") ?? "";
    const msgId = textOf(entry, "MsgID") ?? "";
    const [errorCode, status] = [textOf(entry, "ErrorCode") ?? "", textOf(entry, "ErrorStatus") ?? ""];
    return templateId === "" || msgId === "" ? [] : [{ templateId, msgId, errorCode, status }];
  });
}

/** What tells one of these events from another of the same second; undefined for other events. */
export function subscribeIdentity(event: string, fields: Fields): string | undefined {
  const isOne = Object.values(subscribeEvents).some((name) => name === event.toLowerCase());
  return isOne ? JSON.stringify(entriesOf(fields)) : undefined;
}

/** One entry is a group, several are a list; JSON has them without a wrapper, older samples without `List`. */
function entriesOf(fields: Fields): Fields[] {
  const wrapped = wrappers.map((name) => fields[name]).find((value) => value !== undefined);
  const outer = groupsOf(wrapped ?? fields["List"]);
  return outer.flatMap((each) => (each["List"] === undefined ? [each] : groupsOf(each["List"])));
}

function groupsOf(value: FieldValue | undefined): Fields[] {
  const all: readonly FieldValue[] = Array.isArray(value) ? value : value === undefined ? [] : [value];
  return all.filter((each): each is Fields => typeof each === "object" && !Array.isArray(each));
}
