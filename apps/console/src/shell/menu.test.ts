import { audienceRead } from "@zhanggui/server/engines/audience/audience.contract";
import { messagingTalks } from "@zhanggui/server/engines/messaging/conversations.contract";
import { messagingRead } from "@zhanggui/server/engines/messaging/messaging.contract";
import { expect, test } from "vitest";
import { loadPages, router } from "../router.ts";
import { pages } from "../pages.ts";
import { placeInMenu, menu, menuFor } from "./menu.ts";

const routesOf = (permissions: string[]): string[] =>
  menuFor(permissions).flatMap(({ items }) => items.map(({ route }) => route));

test("an account sees what it may open, and no empty groups", () => {
  const [people, tags, ...messages] = routesOf([audienceRead.code, messagingRead.code, messagingTalks.code]);
  expect([people, tags]).toEqual(["people", "tags"]);
  expect(messages).toEqual(["conversations", "deliveries", "rules", "scenes"]);
  expect(menuFor([audienceRead.code])).toHaveLength(1);
});

test.for(["forms:read", "forms:design", "forms:answer"])("%s alone leads to the forms", (right) => {
  expect(routesOf([right])).toEqual(["forms"]);
});

test("a right to write does not open what one may not read", () => {
  expect(routesOf(["audience:write", "connect:write"])).toEqual([]);
});

test("every item leads to a page that asks for the same permission", async () => {
  await loadPages();
  const everything = menu.flatMap(({ items }) => items);
  expect(everything.length).toBeGreaterThan(8);
  for (const { route, needs } of everything) {
    expect(router.resolve({ name: route }).meta.needs, route).toBe(needs);
  }
});

test("every page has a name in both languages, and an address and a place of its own", () => {
  for (const { name, title } of pages) {
    expect(title.zh, name).toMatch(/\p{Script=Han}/u);
    expect(title.en, name).not.toMatch(/^$|\p{Script=Han}/u);
  }
  const places = pages.flatMap(({ menu }) => (menu === undefined ? [] : [`${menu.group} ${menu.order}`]));
  for (const each of [pages.map(({ name }) => name), pages.map(({ path }) => path), places]) {
    expect(new Set(each).size).toBe(each.length);
  }
});

test("a detail is at the page of its list, a trace at what led to it, or at the log", () => {
  expect(["person", "conversation", "webhook-deliveries", "roles"].map((page) => placeInMenu(page))).toEqual([
    "people",
    "conversations",
    "webhooks",
    "roles",
  ]);
  expect(placeInMenu("trace", "delivery")).toBe("deliveries");
  expect(placeInMenu("trace", "dead-letters")).toBe("dead-letters");
  expect(placeInMenu("trace", "trace")).toBe("logs");
  expect(placeInMenu("trace")).toBe("logs");
});
