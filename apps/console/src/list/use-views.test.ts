import type { ListInfo } from "@zhanggui/kit/contract/list-info";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { createApp, defineComponent, h, ref, type App } from "vue";
import { api } from "../common/api.ts";
import { i18n } from "../common/language.ts";
import { pinia, signedIn } from "../common/signed-in.ts";
import { type ListState, readState, writeState } from "./list-state.ts";
import { openingOf, useViews, type Views } from "./use-views.ts";
import type { View } from "./views-of.ts";

const label = { zh: "某", en: "Some" };
const info: ListInfo = {
  noun: { ...label, plural: "some" },
  fields: [
    { name: "name", label, kind: "text", isNullable: false, sort: true },
    { name: "at", label, kind: "instant", isNullable: false, filter: "range" },
  ],
  filters: [],
  sort: "-name",
  search: label,
};
const week: View = {
  id: "week",
  list: "tins.list",
  name: "本周",
  query: { at: "7d", sort: "name" },
  hidden: ["at"],
  isDense: true,
  isShared: false,
  opens: false,
  isOwn: true,
  ownerName: "阿青",
  withheldCount: 0,
};
let kept: View[];
let app: App | undefined;
let count = 0;
/** Each test has a list of its own: views are kept for as long as the console is open. */
let route: { readonly id: string; readonly list: ListInfo };

beforeEach(() => {
  kept = [week];
  route = { id: `tins.list${(count += 1)}`, list: info };
  vi.spyOn(api.views, "list").mockImplementation(() => Promise.resolve({ items: kept }));
});
afterEach(() => {
  app?.unmount();
  vi.restoreAllMocks();
  localStorage.clear();
});

/** What a page of the list has after its views were read. */
async function listPage(query: Record<string, string> = {}): Promise<{ views: Views; state: { value: ListState } }> {
  const state = ref(readState(query, info));
  const made = Promise.withResolvers<Views>();
  app = createApp(
    defineComponent({
      setup() {
        made.resolve(useViews(route, state));
        return () => h("div");
      },
    }),
  );
  app.use(pinia).use(i18n);
  app.mount(document.createElement("div"));
  const views = await made.promise;
  await views.load();
  return { views, state };
}
const opened = async (query: Record<string, string>) => {
  const opening = openingOf(route)(query);
  const wanted = await opening?.wanted;
  return { isLikely: opening?.isLikely, query: wanted && writeState(wanted) };
};

test("an address that names a view alone shows it as it was kept, days as they are today", async () => {
  expect(await opened({ view: "week" })).toEqual({ isLikely: true, query: { at: "7d", sort: "name", view: "week" } });
  expect(await opened({ view: "gone" })).toEqual({ isLikely: true, query: undefined });
});

test("a list opens as its address says, or with the view that is to come first", async () => {
  expect(openingOf(route)({ search: "tea" })).toBeUndefined();
  expect(openingOf(route)({ view: "week", search: "" })).toBeUndefined();
  expect(await opened({})).toEqual({ isLikely: false, query: undefined });
  kept = [{ ...week, opens: true }];
  const { views } = await listPage();
  expect(await opened({})).toMatchObject({ isLikely: true, query: { view: "week" } });
  expect(openingOf(route)({ view: "all" })).toBeUndefined();
  views.show(undefined);
});

test("views that can't be read leave the list as it is", async () => {
  vi.spyOn(api.views, "list").mockImplementation(() => Promise.reject(new Error("away")));
  expect(await opened({})).toEqual({ isLikely: false, query: undefined });
});

test("a view is changed by a filter, an order, a column or the density, and undone", async () => {
  const { views, state } = await listPage();
  views.show(week);
  expect(writeState(state.value)).toEqual({ at: "7d", sort: "name", view: "week" });
  expect(views.layout.value).toEqual({ hidden: ["at"], isDense: true });
  expect(views.isChanged.value).toBe(false);
  const changes = [
    () => (state.value = { ...state.value, search: "tea" }),
    () => (state.value = { ...state.value, filters: {} }),
    () => (state.value = { ...state.value, sort: undefined }),
    () => (views.layout.value = { hidden: [], isDense: true }),
    () => (views.layout.value = { hidden: ["at"], isDense: false }),
  ];
  for (const change of changes) {
    change();
    expect(views.isChanged.value).toBe(true);
    views.show(week);
    expect(views.isChanged.value).toBe(false);
  }
});

test("one that has nothing left to narrow by says so in the address: it isn't the view as it was kept", () => {
  const state = { ...readState({}, info), view: "week" };
  expect(writeState(state)).toEqual({ search: "", view: "week" });
  expect(openingOf(route)(writeState(state))).toBeUndefined();
});

test("what a view names and the list doesn't know is left out, and counted", async () => {
  kept = [{ ...week, query: { at: "7d", shoeSize: "43", sort: "-name" }, hidden: ["at", "colour"] }];
  const { views, state } = await listPage();
  views.show(kept[0]);
  expect(writeState(state.value)).toEqual({ at: "7d", view: "week" });
  expect(views.layout.value.hidden).toEqual(["at"]);
  expect([views.lost.value, views.isChanged.value]).toEqual([2, false]);
});

test("without a view columns are this device's, with one they are the view's", async () => {
  const { views } = await listPage();
  views.layout.value = { hidden: [], isDense: true };
  await Promise.resolve();
  views.show(week);
  views.layout.value = { hidden: ["name", "at"], isDense: false };
  await Promise.resolve();
  views.show(undefined);
  expect(views.layout.value).toEqual({ hidden: [], isDense: true });
});

test("whoever signs in after somebody else finds none of theirs", async () => {
  const { views } = await listPage();
  expect(views.all.value).toHaveLength(1);
  const { me } = signedIn;
  signedIn.me = { account: { id: "another" } } as never;
  const again = await listPage.call(undefined).then(({ views: theirs }) => theirs === views);
  expect(again).toBe(false);
  signedIn.me = me;
});
