import { expect, test } from "vitest";
import type { Fields } from "./fields.ts";
import { createdAt, dedupeKey, MissingField, sceneOf, toMessage } from "./messages.ts";

const head = { ToUserName: "gh_lantern", FromUserName: "oGuest", CreateTime: "1714037059" };
const message = (fields: Record<string, string>) => toMessage({ ...head, MsgId: "18446744073709551615", ...fields });
const event = (fields: Record<string, string>) => toMessage({ ...head, MsgType: "event", ...fields });

function missing(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    if (error instanceof MissingField) return error.field;
    throw error;
  }
  return "none";
}

test("messages are typed by kind", () => {
  expect(message({ MsgType: "text", Content: "" })).toMatchObject({
    type: "text",
    content: "",
    msgId: "18446744073709551615",
  });
  expect(message({ MsgType: "image", PicUrl: "http://p", MediaId: "m" })).toMatchObject({
    type: "image",
    mediaId: "m",
    picUrl: "http://p",
  });
  expect(message({ MsgType: "voice", MediaId: "m", Format: "amr", Recognition: "茶" })).toMatchObject({
    type: "voice",
    recognition: "茶",
  });
  expect(message({ MsgType: "video", MediaId: "m", ThumbMediaId: "t" })).toMatchObject({
    type: "video",
    thumbMediaId: "t",
  });
  expect(message({ MsgType: "shortvideo", MediaId: "m" })).toMatchObject({
    type: "shortvideo",
    thumbMediaId: undefined,
  });
  expect(
    message({ MsgType: "location", Location_X: "23.13", Location_Y: "113.3", Scale: "20", Label: "茶馆" }),
  ).toMatchObject({
    type: "location",
    latitude: "23.13",
    longitude: "113.3",
    label: "茶馆",
  });
  expect(message({ MsgType: "link", Url: "http://u", Title: "t" })).toMatchObject({
    type: "link",
    url: "http://u",
    title: "t",
  });
});

test("a kind we don't know keeps all its fields", () => {
  const unknown = message({ MsgType: "hologram", Depth: "3" });
  expect(unknown).toMatchObject({ type: "unknown", msgType: "hologram", event: undefined, fields: { Depth: "3" } });
  expect(event({ Event: "poi_check_notify", PoiId: "1" })).toMatchObject({
    type: "unknown",
    event: "poi_check_notify",
    fields: { PoiId: "1" },
  });
  expect(message({ MsgType: "constructor" })).toMatchObject({ type: "unknown", msgType: "constructor" });
});

test("events are typed, whatever their case", () => {
  expect(event({ Event: "unsubscribe", EventKey: "" })).toMatchObject({ type: "event", event: "unsubscribe" });
  expect(event({ Event: "scan", EventKey: "7", Ticket: "T" })).toMatchObject({
    event: "SCAN",
    scene: "7",
    ticket: "T",
  });
  expect(event({ Event: "LOCATION", Latitude: "1", Longitude: "2", Precision: "3" })).toMatchObject({
    event: "LOCATION",
    precision: "3",
  });
  expect(event({ Event: "CLICK", EventKey: "TODAY" })).toMatchObject({ event: "CLICK", eventKey: "TODAY" });
  expect(event({ Event: "VIEW", EventKey: "http://u", MenuId: "M" })).toMatchObject({
    event: "VIEW",
    url: "http://u",
    menuId: "M",
  });
  expect(event({ Event: "TEMPLATESENDJOBFINISH", MsgID: "200163836", Status: "failed:user block" })).toMatchObject({
    event: "TEMPLATESENDJOBFINISH",
    msgId: "200163836",
    status: "failed:user block",
  });
});

test("the scene loses its prefix on a follow and only there", () => {
  expect(sceneOf(event({ Event: "subscribe", EventKey: "qrscene_counter_3", Ticket: "T" }))).toBe("counter_3");
  expect(sceneOf(event({ Event: "subscribe", EventKey: "" }))).toBeUndefined();
  expect(sceneOf(event({ Event: "subscribe" }))).toBeUndefined();
  expect(sceneOf(event({ Event: "SCAN", EventKey: "qrscene_own" }))).toBe("qrscene_own");
  expect(sceneOf(event({ Event: "CLICK", EventKey: "qrscene_1" }))).toBeUndefined();
  expect(createdAt(event({ Event: "subscribe" })).toISOString()).toBe("2024-04-25T09:24:19.000Z");
});

test("a push that can't be understood names its missing field", () => {
  expect(missing(() => toMessage({}))).toBe("ToUserName");
  expect(missing(() => toMessage({ ...head, CreateTime: "soon", MsgType: "text" }))).toBe("CreateTime");
  expect(missing(() => toMessage({ ...head, MsgType: "text", Content: "a" }))).toBe("MsgId");
  expect(missing(() => message({ MsgType: "text" }))).toBe("Content");
  expect(missing(() => message({ MsgType: "image" }))).toBe("MediaId");
  expect(missing(() => event({ Event: "TEMPLATESENDJOBFINISH", Status: "success" }))).toBe("MsgID");
  expect(missing(() => toMessage({ ...head, MsgType: { nested: "text" } }))).toBe("MsgType");
});

test("a message and its repeat share a key, two messages of one second do not", () => {
  const first = message({ MsgType: "text", Content: "a" });
  const repeat = message({ MsgType: "text", Content: "a" });
  expect(dedupeKey(repeat)).toBe(dedupeKey(first));
  expect(dedupeKey(first)).toBe("message:18446744073709551615");
  expect(dedupeKey(message({ MsgType: "text", Content: "a", MsgId: "18446744073709551614" }))).not.toBe(
    dedupeKey(first),
  );
});

test("events of one second are told apart by kind and by their own identity, not by ticket", () => {
  const keys = [
    event({ Event: "subscribe", EventKey: "qrscene_1", Ticket: "T" }),
    event({ Event: "SCAN", EventKey: "1", Ticket: "T" }),
    event({ Event: "SCAN", EventKey: "2", Ticket: "U" }),
    event({ Event: "CLICK", EventKey: "1" }),
    event({ Event: "TEMPLATESENDJOBFINISH", MsgID: "1", Status: "success" }),
    event({ Event: "TEMPLATESENDJOBFINISH", MsgID: "2", Status: "success" }),
    event({ Event: "poi_check_notify" }),
    toMessage({ ...head, FromUserName: "oOther", MsgType: "event", Event: "CLICK", EventKey: "1" }),
    toMessage({ ...head, CreateTime: "1714037060", MsgType: "event", Event: "CLICK", EventKey: "1" }),
  ].map(dedupeKey);
  expect(new Set(keys).size).toBe(keys.length);
  const scan = (ticket: string) => dedupeKey(event({ Event: "SCAN", EventKey: "1", Ticket: ticket }));
  expect(scan("T")).toBe(scan("U"));
});

test("keys are bounded and their parts can't run into one another", () => {
  const long = dedupeKey(event({ Event: "VIEW", EventKey: `https://lantern.example/${"茶".repeat(500)}` }));
  expect(long.length).toBeLessThanOrEqual(200);
  expect(dedupeKey(event({ Event: "CLICK", EventKey: "a:b" }))).not.toBe(
    dedupeKey(event({ Event: "CLICK:a", EventKey: "b" })),
  );
});

test("answers to a subscription's dialogue are read from XML and JSON, one or several", () => {
  const one = { TemplateId: "T1", SubscribeStatusString: "accept", PopupScene: "0" };
  const other = { TemplateId: "T2", SubscribeStatusString: "reject", PopupScene: "0" };
  const popup = (fields: Fields) =>
    toMessage({ ...head, MsgType: "event", Event: "subscribe_msg_popup_event", ...fields });
  const both = [
    { templateId: "T1", answer: "accept" },
    { templateId: "T2", answer: "reject" },
  ];
  expect(popup({ SubscribeMsgPopupEvent: { List: [one, other] } })).toMatchObject({ answers: both });
  expect(popup({ List: [one, other] })).toMatchObject({ answers: both });
  expect(popup({ List: one })).toMatchObject({ answers: both.slice(0, 1) });
  expect(popup({ SubscribeMsgPopupEvent: [one, other] })).toMatchObject({ answers: both });
  expect(popup({})).toMatchObject({ event: "subscribe_msg_popup_event", answers: [] });
  // The service account's guide shows the settings' event under the dialogue's name.
  expect(
    toMessage({
      ...head,
      MsgType: "event",
      Event: "subscribe_msg_change_event",
      SubscribeMsgPopupEvent: { List: { TemplateId: "T1", SubscribeStatusString: "reject" } },
    }),
  ).toMatchObject({ event: "subscribe_msg_change_event", answers: [{ templateId: "T1", answer: "reject" }] });
});

test("two of these events in one second are two, and a repeat is none", () => {
  const sent = (msgId: string) =>
    toMessage({
      ...head,
      MsgType: "event",
      Event: "subscribe_msg_sent_event",
      SubscribeMsgSentEvent: {
        List: { TemplateId: "T1", MsgID: msgId, ErrorCode: "0", ErrorStatus: "success" },
      },
    });
  expect(sent("18446744073709551615")).toMatchObject({
    event: "subscribe_msg_sent_event",
    sent: [{ templateId: "T1", msgId: "18446744073709551615", errorCode: "0", status: "success" }],
  });
  expect(dedupeKey(sent("1"))).toBe(dedupeKey(sent("1")));
  expect(dedupeKey(sent("1"))).not.toBe(dedupeKey(sent("2")));
  expect(dedupeKey(sent("1")).length).toBeLessThanOrEqual(200);
});
