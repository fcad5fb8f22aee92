import { audienceRead } from "@zhanggui/server/engines/audience/audience.contract";
import { connectRead, connectWrite } from "@zhanggui/server/engines/connect/connect.contract";
import { messagingTalks } from "@zhanggui/server/engines/messaging/conversations.contract";
import { messagingRead } from "@zhanggui/server/engines/messaging/messaging.contract";
import { eventsRead } from "@zhanggui/server/foundation/events/events.contract";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { createApp, type App } from "vue";
import { createMemoryHistory, createRouter } from "vue-router";
import { i18n, language } from "../common/language.ts";
import { pinia, signedIn } from "../common/signed-in.ts";
import { pages } from "../pages.ts";
import HomePage from "./HomePage.vue";

const days = (count: number) => ({
  days: Array.from({ length: 30 }, (_, index) => ({ day: `2026-11-${String(index + 1).padStart(2, "0")}`, count })),
  usual: 2,
});
const first = {
  conversationId: "c1",
  personId: null,
  name: "小满",
  text: "还有吗",
  since: "2026-11-29T10:00:00.000Z",
};
let answers: Record<string, object>;
let asked: string[];
let app: App | undefined;

beforeEach(() => {
  asked = [];
  answers = {
    "/api/people/figures": { newPeople: days(3), waiting: { count: 0, isMore: false, first: [] }, hasPeople: true },
    "/api/wechat/figures": {
      messages: days(4),
      followed: days(5),
      left: days(1),
      has: { app: true, verified: true, channel: true },
    },
    "/api/deliveries/figures": { deliveries: days(6), failed: days(0), has: { rule: true, scene: true } },
    "/api/dead-letters/figures": { deadLetters: 0, isMore: false },
  };
  vi.stubGlobal("fetch", async (url: string) => {
    const path = new URL(url, "http://console").pathname;
    asked.push(path);
    return Response.json(answers[path] ?? {}, { status: answers[path] === undefined ? 404 : 200 });
  });
  language.value = "zh";
});
afterEach(() => {
  app?.unmount();
  vi.unstubAllGlobals();
  signedIn.me = null;
});

/** The page as somebody with these rights sees it, once everything has come. */
async function seenWith(...permissions: { readonly code: string }[]): Promise<HTMLElement> {
  signedIn.me = {
    account: { id: "a", login: "someone@lantern-tea.example", displayName: "掌柜" },
    tenant: { id: "t", name: "灯笼茶", zone: "Asia/Shanghai" },
    terms: { plan: "partner", state: "active", expiresAt: null },
    impersonation: null,
    factorDue: null,
    permissions: permissions.map(({ code }) => code),
  } as unknown as NonNullable<typeof signedIn.me>;
  const routes = pages.map(({ path, name }) => ({ path: `/${path}`, name, component: { template: "" } }));
  const router = createRouter({
    history: createMemoryHistory(),
    routes: [...routes, { path: "/", name: "home", component: HomePage }],
  });
  const root = document.createElement("div");
  app = createApp(HomePage).use(pinia).use(i18n).use(router);
  app.mount(root);
  await expect.poll(() => root.querySelector("[aria-busy=true]")).toBeNull();
  return root;
}

test("what an account may not see is neither asked for nor shown", async () => {
  const finance = await seenWith(audienceRead);
  expect(asked).toEqual(["/api/people/figures"]);
  expect(finance.querySelectorAll(".tile")).toHaveLength(1);
  expect(finance.textContent).toContain("从这里开始");
  expect(finance.textContent).not.toContain("等您处理");
  app?.unmount();
  asked = [];
  const reviewer = await seenWith(audienceRead, messagingRead);
  expect(asked.toSorted()).toEqual(["/api/deliveries/figures", "/api/people/figures"]);
  expect(reviewer.querySelectorAll(".tile")).toHaveLength(2);
  app?.unmount();
  asked = [];
  const nobody = await seenWith();
  expect(asked).toEqual([]);
  expect(nobody.textContent).toContain("没有可用的功能");
});

test("an operator sees today's figures, and that nothing waits", async () => {
  const seen = await seenWith(audienceRead, connectRead, connectWrite, messagingRead, eventsRead);
  expect([...seen.querySelectorAll(".tile strong")].map(({ textContent }) => textContent)).toEqual([
    "3",
    "4",
    "1",
    "6",
  ]);
  expect(seen.textContent).toContain("平时此刻 2");
  expect(seen.textContent).toContain("都处理完了");
  expect(seen.textContent).not.toContain("开张清单");
  expect(seen.textContent).not.toContain("从这里开始");
  expect(seen.querySelectorAll("svg[role=img]")).toHaveLength(2);
  expect(seen.querySelectorAll("tbody tr")).toHaveLength(60);
});

test("who waits, what failed and what was given up lead to where something can be done", async () => {
  Object.assign(answers["/api/people/figures"]!, { waiting: { count: 500, isMore: true, first: [first] } });
  Object.assign(answers["/api/deliveries/figures"]!, { failed: days(2) });
  answers["/api/dead-letters/figures"] = { deadLetters: 7, isMore: false };
  const rights = [audienceRead, connectRead, connectWrite, messagingRead, messagingTalks, eventsRead];
  const seen = await seenWith(...rights);
  expect(seen.textContent).toContain("500+ 位客户");
  const leads = [...seen.querySelectorAll("section a")].map((link) => link.getAttribute("href"));
  expect(leads).toEqual([
    "/messages/conversations/c1",
    "/messages/conversations?state=waiting",
    "/messages/deliveries?state=failed,unknown&createdAt=7d",
    "/insight/dead-letters",
  ]);
  expect(seen.textContent).toContain("近 7 天有 14 条");
});

test("a new business has its first steps before it, to whoever can take them", async () => {
  Object.assign(answers["/api/wechat/figures"]!, { has: { app: true, verified: false, channel: false } });
  const operator = await seenWith(audienceRead, connectRead, connectWrite, messagingRead);
  expect(operator.querySelector("ol .next")?.textContent).toContain("让微信连上这里");
  expect(operator.querySelectorAll("ol .done")).toHaveLength(4);
  app?.unmount();
  expect((await seenWith(audienceRead, connectRead)).querySelector("ol")).toBeNull();
});

test("what couldn't be loaded says so, and the rest is there", async () => {
  delete answers["/api/deliveries/figures"];
  const seen = await seenWith(audienceRead, connectRead, connectWrite, messagingRead);
  await expect.poll(() => seen.querySelector("[role=alert]")).not.toBeNull();
  expect(seen.querySelectorAll(".tile strong")).toHaveLength(3);
});
