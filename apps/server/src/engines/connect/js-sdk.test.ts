import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { refusal } from "../../testing/refusal.ts";
import { openTeaShop, type TeaShop } from "../../testing/tea-shop.ts";
import { openTestServer } from "../../testing/test-server.ts";
import { signatureOf } from "./js-sdk.ts";

let tea: TeaShop;
let wechatAppId: string;
beforeAll(async () => {
  tea = await openTeaShop(inject("clusterUrl"));
  ({ wechatAppId } = tea.bound);
});
afterAll(() => tea.close());

const own = () => new URL(tea.server.runtime.env.PUBLIC_URL).origin;
const sign = (url: string, id = wechatAppId) => tea.server.anonymous().connect.signPage({ wechatAppId: id, url });
const ticketCalls = () =>
  tea.emulator.world.state.journal.list({ kind: "api" }).filter(({ url }) => url.includes("/ticket/getticket")).length;

test("the published example has the published signature", () => {
  const example = {
    ticket: "sM4AOVdWfPE4DxkXGEs8VMCPGGVi4C3VM0P37wVUCFvkVAy_90u5h9nbSlYy3-Sl-HhTdfl2fzFy1AOcHKP7qg",
    nonceStr: "Wm3WZYTPz0wzccnW",
    timestamp: 1414587457,
    url: "http://mp.weixin.qq.com?params=value",
  };
  const expected = "0f9de62fce790f9a083d5c99e95740ceb90c27ed";
  expect(signatureOf(example)).toBe(expected);
  expect(signatureOf({ ...example, url: `${example.url}#top` })).toBe(expected);
  expect(signatureOf({ ...example, url: `${example.url}2` })).not.toBe(expected);
});

test("a page of this system is signed with WeChat's ticket, whoever asks; the ticket is sealed and never told", async () => {
  const url = `${own()}/customer?a=%E8%8C%B6#x`;
  const signed = await sign(url);
  const { ticket } = tea.emulator.world.account(tea.bound.appid).tickets.jsapi!;
  const { appId, timestamp, nonceStr, signature } = signed;
  expect(appId).toBe(tea.bound.appid);
  expect(signature).toBe(signatureOf({ ticket, nonceStr, timestamp, url }));
  const rows = await tea.server.runtime.unscopedDb().selectFrom("connect_ticket").selectAll().execute();
  expect(JSON.stringify([rows, signed])).not.toContain(ticket);
  expect((await sign(url)).nonceStr).not.toBe(nonceStr);
});

test("pages of other domains get none, until the business names them", async () => {
  const wanted = "https://h5.lantern-tea.example/course?id=7";
  const never = [
    "http://h5.lantern-tea.example/",
    "https://h5.lantern-tea.example:8443/",
    "https://h5.lantern-tea.example.evil.example/",
    "https://x@h5.lantern-tea.example/",
    "https://evil.example/#h5.lantern-tea.example",
    "http://127.0.0.1:8791/",
  ];
  for (const url of [wanted, ...never])
    expect(await refusal(sign(url)), url).toMatchObject({ code: "connect.page_not_allowed" });
  expect(await refusal(sign("javascript:alert(1)"))).toMatchObject({ code: "kit.invalid_input" });
  const value = ["h5.lantern-tea.example"];
  await tea.owner.api.settings.change({ key: "connect.pageDomains", value, version: 0 });
  expect(await sign(wanted)).toMatchObject({ appId: tea.bound.appid });
  for (const url of never) expect(await refusal(sign(url)), url).toMatchObject({ code: "connect.page_not_allowed" });
  const bad = tea.owner.api.settings.change({ key: "connect.pageDomains", value: ["https://x.example/"], version: 1 });
  expect(await refusal(bad)).toMatchObject({ code: expect.any(String) as string });
});

test("one ticket for all processes: asked for once, and anew when it ends", async () => {
  const second = await openTestServer(inject("clusterUrl"), {
    databaseUrl: tea.server.databaseUrl,
    clock: tea.server.clock,
    env: { WECHAT_API_URL: tea.emulator.url, WECHAT_MP_URL: tea.emulator.url },
  });
  const url = `${own()}/customer`;
  for (let round = 1; round <= 10; round++) {
    tea.server.clock.advance(7_300_000);
    const before = ticketCalls();
    const all = await Promise.all(
      Array.from({ length: 10 }, (_, at) =>
        (at % 2 === 0 ? tea.server : second).anonymous().connect.signPage({ wechatAppId, url }),
      ),
    );
    expect(ticketCalls() - before, `round ${round}`).toBe(1);
    const { ticket } = tea.emulator.world.account(tea.bound.appid).tickets.jsapi!;
    for (const { nonceStr, timestamp, signature } of all)
      expect(signature).toBe(signatureOf({ ticket, nonceStr, timestamp, url }));
  }
  await second.close();
});

test("an app that nobody knows, or that is off, signs nothing", async () => {
  const url = `${own()}/customer`;
  expect(await refusal(sign(url, "019362b1-7c1e-7000-8000-000000000000"))).toMatchObject({ code: "kit.not_found" });
  await tea.owner.api.connect.updateApp({ wechatAppId, enabled: false });
  expect(await refusal(sign(url))).toMatchObject({ code: "connect.app_off" });
});
