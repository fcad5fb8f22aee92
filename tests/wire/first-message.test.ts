import { startEmulator, type Emulator } from "@zhanggui/emulator/emulator";
import { openTestServer, type Member, type TestServer } from "@zhanggui/server/testing/test-server";
import { bindLanternTea, type Bound } from "@zhanggui/server/testing/lantern-tea";
import { TurnableClock } from "@zhanggui/kit/server/clock";
import { afterAll, beforeAll, expect, inject, test } from "vitest";

let emulator: Emulator;
let server: TestServer;
let owner: Member;
let bound: Bound;

beforeAll(async () => {
  const clock = new TurnableClock();
  emulator = await startEmulator({ clock });
  server = await openTestServer(inject("clusterUrl"), {
    clock,
    env: { WECHAT_API_URL: emulator.url, WECHAT_MP_URL: emulator.url, SMTP_URL: emulator.smtpUrl },
  });
  owner = await server.asOwner();
  bound = await bindLanternTea(owner, emulator.world, server.url);
});
afterAll(async () => {
  await server.close();
  await emulator.stop();
});

test("J1: a scan becomes a person, a tag, a reply, a template message, a mail and a trace", async () => {
  const { api } = owner;
  const puppet = emulator.world.createPuppet({ name: "小满" });
  const report = await emulator.world.scan(puppet.id, { code: bound.channel.ticket });
  expect(report).toMatchObject({
    outcome: "answered",
    reply: { kind: "text", text: "欢迎来到灯笼茶，门店海报的朋友！" },
  });

  await server.runUntilIdle();
  // WeChat's receipt of the template message is a push of its own.
  await emulator.world.settle();
  await server.runUntilIdle();
  const people = await api.audience.listPeople({});
  expect(people).toMatchObject({
    total: 1,
    items: [{ following: true, channelName: "门店海报", tags: [{ name: "门店海报" }] }],
  });
  const person = await api.audience.getPerson({ personId: people.items[0]!.id });
  expect(person.tags).toMatchObject([{ name: "门店海报", source: "channel", sourceName: "门店海报" }]);
  expect(person.identities.map(({ kind }) => kind)).toContain("openid");

  const { items } = await api.messaging.listDeliveries({ personId: person.id });
  expect(items.map(({ channel, state }) => ({ channel, state }))).toEqual(
    expect.arrayContaining([
      { channel: "wechat_template", state: "delivered" },
      { channel: "mail", state: "accepted" },
    ]),
  );
  const [mail] = emulator.world.mails();
  expect(mail).toMatchObject({ to: ["qing@lantern-tea.example"] });
  const inbound = await api.connect.listInbound({});
  expect(new Set(items.map(({ traceId }) => traceId))).toEqual(new Set([inbound.items.at(-1)!.traceId]));
});
