import { expect, test } from "vitest";
import type { Detail } from "./delivery.ts";
import { channelOf, type Event, handlersOf, isTraceUnderWay, momentsOf, type Push } from "./trace.ts";

const at = (ms: number): string => new Date(Date.UTC(2026, 10, 20) + ms).toISOString();
const push: Push = {
  id: "0199f0c0-0000-7000-8000-000000000001",
  wechatAppId: "0199f0c0-0000-7000-8000-00000000000a",
  openid: "o1",
  origin: "event",
  kind: "event:subscribe",
  content: {},
  reply: "欢迎",
  replyState: "taken",
  replyBy: null,
  repeats: 0,
  traceId: "t",
  receivedAt: at(0),
};
const event = (id: string, ms: number, state: "pending" | "done" | "dead"): Event => ({
  id,
  name: "audience.person_followed.v1",
  occurredAt: at(ms),
  traceId: "t",
  actor: { kind: "system", id: "" },
  payload: {},
  deliveries: [{ handler: "messaging.scenes", state, attempts: 1, lastError: null, updatedAt: at(ms) }],
});
const delivery = (state: Detail["state"], channel: Detail["channel"] = "mail"): Detail => ({
  id: "d",
  sceneName: "欢迎",
  authorName: null,
  automatic: null,
  channel,
  to: "a@example.com",
  personId: "p",
  personName: "小满",
  recipient: { zh: "小满", en: "小满" },
  state,
  reason: { zh: "", en: "" },
  traceId: "t",
  createdAt: at(9),
  updatedAt: at(9),
  content: {},
  steps: [
    { at: at(5), kind: "asked", zh: "", en: "", details: {} },
    { at: at(20), kind: "answered", zh: "", en: "", details: {} },
  ],
});

test("the story is in the order in which it happened, causes first", () => {
  const events = [event("e2", 10, "done"), event("e1", 0, "done")];
  const moments = momentsOf({ inbound: [push], events, deliveries: [delivery("accepted")] });
  expect(moments.map(({ kind }) => kind)).toEqual(["inbound", "reply", "event", "step", "event", "step"]);
  expect(new Set(moments.map(({ id }) => id)).size).toBe(moments.length);
});

test("parts that the account may not see leave the rest", () => {
  const moments = momentsOf({ inbound: undefined, events: undefined, deliveries: [delivery("failed")] });
  expect(moments).toHaveLength(2);
});

test("a trace says by which channel's code it came", () => {
  const channels = [{ id: "c7", name: "门店海报", scene: "s7" }];
  const received = (channelId: string | null): Event => ({
    ...event("e", 0, "done"),
    name: "connect.message_received.v1",
    payload: { channelId },
  });
  const trace = { inbound: [push], events: [event("a", 0, "done"), received("c7")], deliveries: [] };
  expect(channelOf(trace, channels)).toBe("门店海报");
  expect(channelOf({ ...trace, events: [received("c8")] }, channels)).toBe("");
  expect(channelOf({ ...trace, events: [received(null)] }, channels)).toBeNull();
  const scan = { ...push, content: { EventKey: "qrscene_s7" } };
  expect(channelOf({ ...trace, inbound: [scan], events: undefined }, channels)).toBe("门店海报");
});

test("handlers are counted by state", () => {
  const events = [event("a", 0, "done"), event("b", 1, "dead"), event("c", 2, "pending"), event("d", 3, "done")];
  expect(handlersOf(events)).toEqual({ done: 2, pending: 1, dead: 1 });
});

test("a trace is under way while a handler or a delivery is", () => {
  const still = { inbound: [push], events: [event("a", 0, "done")], deliveries: [delivery("delivered")] };
  expect(isTraceUnderWay(still)).toBe(false);
  expect(isTraceUnderWay({ ...still, events: [event("a", 0, "pending")] })).toBe(true);
  expect(isTraceUnderWay({ ...still, deliveries: [delivery("ready")] })).toBe(true);
  expect(isTraceUnderWay({ ...still, deliveries: [delivery("accepted")] })).toBe(false);
  expect(isTraceUnderWay({ ...still, deliveries: [delivery("accepted", "wechat_template")] })).toBe(true);
});
