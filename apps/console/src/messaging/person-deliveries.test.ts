import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { createApp, h, type App } from "vue";
import { createMemoryHistory, createRouter } from "vue-router";
import { i18n } from "../common/language.ts";
import { pinia } from "../common/signed-in.ts";
import type { Summary } from "./delivery.ts";
import PersonDeliveries from "./PersonDeliveries.vue";

const { listDeliveries } = vi.hoisted(() => ({ listDeliveries: vi.fn() }));
vi.mock("../common/api.ts", () => ({ api: { messaging: { listDeliveries } } }));

const delivery = (state: Summary["state"]): Summary => ({
  id: "d1",
  sceneName: "新客到店",
  authorName: null,
  automatic: null,
  channel: "wechat_template",
  to: "o1",
  personId: "p1",
  personName: "小满",
  recipient: { zh: "小满", en: "小满" },
  state,
  reason: { zh: "", en: "" },
  traceId: "t1",
  createdAt: "2026-11-20T01:00:00.000Z",
  updatedAt: "2026-11-20T01:00:00.000Z",
});
/** Longer than the page waits between two looks. */
const aWhileMs = 60_000;
const moved = vi.fn();
let app: App;

async function show(...states: readonly Summary["state"][]): Promise<void> {
  const answers = states.map((state) => ({ items: [delivery(state)], next: null }));
  listDeliveries.mockImplementation(() => Promise.resolve(answers.length > 1 ? answers.shift() : answers[0]));
  app = createApp(() => h(PersonDeliveries, { personId: "p1", onMoved: moved }));
  const routes = [{ path: "/:deliveryId?", name: "delivery", component: { render: () => null } }];
  app
    .use(pinia)
    .use(i18n)
    .use(createRouter({ history: createMemoryHistory(), routes }));
  app.mount(document.body.appendChild(document.createElement("div")));
  await vi.advanceTimersByTimeAsync(0);
}

beforeEach(() => {
  vi.useFakeTimers();
  vi.clearAllMocks();
  i18n.global.locale.value = "zh";
});
afterEach(() => {
  app.unmount();
  document.body.replaceChildren();
  vi.useRealTimers();
});

test("a message under way is followed until it has arrived, and no longer", async () => {
  await show("submitting", "accepted", "delivered");
  expect(document.body.textContent).toContain("发送中");
  await vi.advanceTimersByTimeAsync(aWhileMs);
  expect(document.body.textContent).toContain("已送达");
  expect(listDeliveries).toHaveBeenCalledTimes(3);
  expect(moved).toHaveBeenCalledTimes(2);
});

test("a message that has arrived is not asked for again", async () => {
  await show("delivered");
  await vi.advanceTimersByTimeAsync(aWhileMs);
  expect(listDeliveries).toHaveBeenCalledTimes(1);
  expect(moved).not.toHaveBeenCalled();
});
