import { messagingRead, messagingWrite, type messaging } from "@zhanggui/server/engines/messaging/messaging.contract";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { createApp, h, type App } from "vue";
import { createMemoryHistory, createRouter, type Router, RouterView } from "vue-router";
import { api } from "../common/api.ts";
import { i18n, language } from "../common/language.ts";
import { pinia, signedIn } from "../common/signed-in.ts";
import { partsOf } from "./calls.ts";
import { lowCode } from "./low-code.ts";
import { type Resource, resourceOf } from "./resource.ts";
// Loaded here, so that no test waits for it.
import "./ResourceList.vue";
import "./ResourcePage.vue";

const edit = {
  route: "updateRule",
  id: "ruleId",
  title: { zh: "编辑规则", en: "Edit rule" },
  fields: ["name", "priority"],
} as const;
const sure = {
  title: { zh: "删除“{name}”？", en: "Delete “{name}”?" },
  sentence: { zh: "不再回复。", en: "It answers no more." },
};
const rules = resourceOf<typeof messaging>({
  module: "messaging",
  list: "listRules",
  hint: { zh: "当场回复。", en: "Answers at once." },
  create: { route: "createRule", title: { zh: "新建规则", en: "New rule" } },
  edit,
  toggle: { route: "updateRule", id: "ruleId", field: "enabled" },
  remove: { route: "deleteRule", id: "ruleId", sure },
});
const beside = { render: () => h("p", { class: "story" }, "how it got there") };
const deliveries = resourceOf<typeof messaging>({
  module: "messaging",
  list: "listDeliveries",
  get: { route: "getDelivery", id: "deliveryId", beside: () => Promise.resolve({ default: beside }) },
});

const row = {
  id: "01a0c941-7700-7c62-afc4-3cf62fc35826",
  personName: "小满",
  recipient: { zh: "客户本人", en: "The person" },
  channel: "mail",
  state: "delivered",
  reason: { zh: "已送达", en: "Delivered" },
  createdAt: "2026-11-28T10:00:00.000Z",
};
let asked: string[];
let app: App | undefined;
let host: HTMLElement;
beforeEach(() => {
  asked = [];
  language.value = "zh";
  vi.stubGlobal("fetch", async (url: string, { method = "GET" }: RequestInit = {}) => {
    const { pathname } = new URL(url, "http://console");
    asked.push(`${method.toUpperCase()} ${pathname}`);
    if (pathname.endsWith(row.id)) return Response.json(row);
    return Response.json({ items: [row], next: null, total: 1 });
  });
});
afterEach(() => {
  app?.unmount();
  vi.unstubAllGlobals();
  signedIn.me = null;
});

/** The pages as the router has them, at one of their addresses. */
async function open(address: string, of: Resource, ...permissions: { readonly code: string }[]): Promise<Router> {
  signedIn.me = { permissions: permissions.map(({ code }) => code), tenant: {}, account: {} } as never;
  const page = { path: "things", name: "things", title: { zh: "东西", en: "Things" }, opens: of.get !== undefined };
  const routes = lowCode(page, () => Promise.resolve({ resource: of })).map(({ path, name, view, title }) => ({
    path: `/${path}`,
    name,
    component: view,
    meta: { title },
  }));
  const router = createRouter({ history: createMemoryHistory(), routes });
  await router.push(address);
  host = document.createElement("div");
  app = createApp({ render: () => h(RouterView) })
    .use(pinia)
    .use(i18n)
    .use(router);
  app.mount(host);
  await expect.poll(() => asked.length > 0 && host.querySelector("h1")?.textContent !== "…").toBe(true);
  return router;
}

test("a resource is a list with its title, its sentence and the form that adds a row", async () => {
  await open("/things", rules, messagingRead, messagingWrite);
  expect(host.querySelector("h1")?.textContent).toBe("东西");
  expect(host.textContent).toContain("当场回复。");
  expect(host.textContent).toContain("新建规则");
  expect(asked).toContain("GET /api/reply-rules");
});

test("who may not add a row is not offered it", async () => {
  await open("/things", rules, messagingRead);
  expect(host.textContent).not.toContain("新建规则");
});

test("a row has a page of its own: its fields in words, by their kinds, and what stands beside", async () => {
  const router = await open(`/things/${row.id}`, deliveries, messagingRead);
  expect(router.currentRoute.value.name).toBe("things-one");
  expect(asked).toEqual([`GET /api/deliveries/${row.id}`]);
  const facts = [...host.querySelectorAll("dt")].map((each) => [
    each.textContent,
    each.nextElementSibling?.textContent,
  ]);
  expect(Object.fromEntries(facts)).toMatchObject({ 收件人: "客户本人", 方式: "邮件", 原因: "已送达" });
  await expect.poll(() => host.querySelector(".story")?.textContent).toBe("how it got there");
  expect(host.querySelector("a.back")?.getAttribute("href")).toBe("/things");
});

test("forms, switch and deletion call the routes that are named, for the row", async () => {
  const { edit: form, toggle, actions } = partsOf(rules, api);
  const rule = { id: row.id, name: "欢迎", priority: 3, enabled: true };
  expect([form?.values(rule), form?.fixed(rule)]).toEqual([{ name: "欢迎", priority: 3 }, { ruleId: row.id }]);
  await toggle?.set(rule, false);
  expect(await actions[0]?.sure?.(rule)).toMatchObject({ title: { zh: "删除“欢迎”？", en: "Delete “欢迎”?" } });
  await actions[0]?.run(rule);
  expect(asked).toEqual([`PATCH /api/reply-rules/${row.id}`, `DELETE /api/reply-rules/${row.id}`]);
});

test("what the contract doesn't have does not compile", () => {
  const declare = resourceOf<typeof messaging>;
  expect(typeof declare).toBe("function");
  const list = "listRules";
  // @ts-expect-error there is no such route
  declare({ module: "messaging", list: "listNothing" });
  // @ts-expect-error it is no list
  declare({ module: "messaging", list: "getDelivery" });
  // @ts-expect-error there is no such parameter
  declare({ module: "messaging", list, edit: { ...edit, id: "sceneId" } });
  // @ts-expect-error a rule has no such field
  declare({ module: "messaging", list, edit: { ...edit, fields: ["colour"] } });
  // @ts-expect-error a rule has it, but the route doesn't take it
  declare({ module: "messaging", list, edit: { ...edit, fields: ["answered"] } });
  // @ts-expect-error a route of nothing deletes no row
  declare({ module: "messaging", list, remove: { route: "createRule", id: "ruleId", sure } });
});

test.each([
  [{ ...rules, module: "tea" }, "There is no route tea.listRules"],
  [{ ...rules, list: "listNothing" }, "There is no route messaging.listNothing"],
  [{ ...rules, list: "getFigures" }, "messaging.getFigures is no list"],
  [{ ...rules, edit: { ...edit, fields: ["colour"] } }, "The route messaging.updateRule takes no colour"],
  [{ ...rules, toggle: { route: "updateRule", id: "wrongId", field: "enabled" } }, "takes no wrongId"],
  [{ ...deliveries, get: { route: "getDelivery", id: "id" } }, "The route messaging.getDelivery takes no id"],
])("what a declaration without types says is refused with a sentence: %#", (declared, sentence) => {
  expect(() => partsOf(declared as Resource, api)).toThrow(sentence);
});

test("every resource of the console names what the API has", () => {
  const found = import.meta.glob<{ readonly resource: Resource }>("../*/*.resource.ts", { eager: true });
  const wrong = Object.entries(found).filter(([, each]) => partsOf(each.resource, api).list === undefined);
  expect(wrong).toEqual([]);
});
