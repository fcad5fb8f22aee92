import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { createApp, defineComponent, h, type App } from "vue";
import { createRouter, createWebHistory, type Router, RouterView } from "vue-router";
import { i18n } from "../common/language.ts";
import { pinia } from "../common/signed-in.ts";
import { type List, useList } from "./use-list.ts";

interface Row {
  readonly id: string;
}
const info = {
  noun: { zh: "茶罐", en: "tin", plural: "tins" },
  fields: [],
  filters: [],
  sort: "-id",
  search: { zh: "名称", en: "Name" },
};
/** Answers that come when a test says so. */
const asked: { readonly page: string; readonly answer: (ids: string[]) => void }[] = [];
const shown = new Map<string, List<Row>>();
function listPage(page: string) {
  return defineComponent({
    setup() {
      const list = useList<Row>(
        () =>
          new Promise((resolve) =>
            asked.push({ page, answer: (ids) => resolve({ items: ids.map((id) => ({ id })), next: null }) }),
          ),
        info,
      );
      shown.set(page, list);
      return () => list.rows.value.map(({ id }) => id).join(" ");
    },
  });
}
const late = Promise.withResolvers<ReturnType<typeof listPage>>();
let app: App;
let router: Router;

beforeEach(async () => {
  router = createRouter({
    history: createWebHistory(),
    routes: [
      { path: "/", component: { render: () => null } },
      { path: "/tins", component: listPage("tins") },
      { path: "/pots", component: listPage("pots") },
      { path: "/late", component: () => late.promise },
    ],
  });
  app = createApp(() => h(RouterView));
  app.use(pinia).use(i18n).use(router);
  await router.push("/");
  app.mount(document.body.appendChild(document.createElement("div")));
});
afterEach(() => {
  app.unmount();
  document.body.replaceChildren();
  asked.length = 0;
  vi.useRealTimers();
});

test("a list never begins with what another page left at the same place in the history", async () => {
  await router.push("/tins");
  asked[0]?.answer(["a tin"]);
  await expect.poll(() => shown.get("tins")?.rows.value).toEqual([{ id: "a tin" }]);
  const back = Promise.withResolvers<void>();
  const stop = router.afterEach(() => back.resolve());
  router.back();
  await back.promise;
  stop();
  await router.push("/pots");
  expect(shown.get("pots")?.rows.value).toEqual([]);
});

test("whoever types and goes on at once arrives, however late the next page comes", async () => {
  await router.push("/tins");
  vi.useFakeTimers();
  const list = shown.get("tins");
  if (list !== undefined) list.state.value = { ...list.state.value, search: "oolong" };
  await vi.advanceTimersByTimeAsync(0);
  const gone = router.push("/late");
  await vi.advanceTimersByTimeAsync(1000);
  late.resolve(listPage("late"));
  await gone;
  expect(router.currentRoute.value.fullPath).toBe("/late");
});
