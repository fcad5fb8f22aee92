import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { createApp, defineComponent, h, nextTick, ref, type App } from "vue";
import { createMemoryHistory, createRouter } from "vue-router";
import { i18n } from "../common/language.ts";
import ErrorBoundary from "./ErrorBoundary.vue";

const isBroken = ref(false);
const page = defineComponent({
  render: () => {
    if (isBroken.value) throw new Error("a figure is missing");
    return h("p", "ninety days");
  },
});
let app: App;
let host: HTMLElement;
const reported = vi.fn();
beforeEach(async () => {
  i18n.global.locale.value = "en";
  vi.stubGlobal("reportError", reported);
  isBroken.value = false;
  const router = createRouter({
    history: createMemoryHistory(),
    routes: [{ path: "/:any", component: { render: () => null } }],
  });
  await router.push("/home");
  app = createApp({ render: () => h(ErrorBoundary, () => h(page)) })
    .use(router)
    .use(i18n);
  host = document.createElement("div");
  app.mount(host);
});
afterEach(() => {
  app.unmount();
  vi.unstubAllGlobals();
});

test("a page that breaks says so in its place, with the details tucked away, and is told to the browser", async () => {
  expect(host.textContent).toBe("ninety days");
  isBroken.value = true;
  await nextTick();
  expect(host.querySelector("[role=alert]")?.textContent).toContain("This page broke");
  expect(host.querySelector("details")?.open).toBe(false);
  expect(host.querySelector("pre")?.textContent).toContain("a figure is missing");
  expect(reported).toHaveBeenCalledOnce();
});

test("opened again it begins anew", async () => {
  isBroken.value = true;
  await nextTick();
  isBroken.value = false;
  host.querySelector("button")?.click();
  await nextTick();
  expect(host.textContent).toBe("ninety days");
});
