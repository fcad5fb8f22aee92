import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { createApp, h, nextTick, type App, type Component } from "vue";
import { i18n } from "../common/language.ts";
import RowSwitch from "./RowSwitch.vue";
import type { RowSwitch as Toggle } from "./switches.ts";

interface Row {
  readonly id: string;
  readonly version: number;
  readonly enabled: boolean;
}
const { done, why, sure } = vi.hoisted(() => ({
  done: vi.fn<(sentence: string, offer?: { readonly label: string; readonly run: () => void }) => void>(),
  why: vi.fn<(sentence: string) => void>(),
  sure: vi.fn<(question: object) => Promise<boolean>>(),
}));
vi.mock("../common/show-done.ts", () => ({ showDone: done, showWhy: why }));
vi.mock("../common/ask-sure.ts", () => ({ askSure: sure }));

const field = {
  name: "enabled",
  label: { zh: "启用", en: "On" },
  kind: "yesNo",
  isNullable: false,
  choices: { true: { zh: "已启用", en: "On" }, false: { zh: "已停用", en: "Off" } },
} as const;
/** Each change is a new version, as of a scene. */
const set = vi.fn<Toggle<Row>["set"]>(async (row, enabled) => ({ ...row, enabled, version: row.version + 1 }));
const refreshed = vi.fn();
let app: App;
beforeEach(() => {
  i18n.global.locale.value = "zh";
});
afterEach(() => {
  app.unmount();
  vi.clearAllMocks();
});

async function press(toggle: Partial<Toggle<Row>> = {}): Promise<void> {
  const row: Row = { id: "a", version: 1, enabled: true };
  const given = { row, field, toggle: { field: "enabled", set, ...toggle }, name: "海报", onDone: refreshed };
  const host = document.createElement("div");
  app = createApp({ render: () => h(RowSwitch as unknown as Component, given) }).use(i18n);
  app.mount(host);
  host.querySelector<HTMLElement>("[role=switch]")?.click();
  await expect.poll(() => done.mock.calls.length + why.mock.calls.length + sure.mock.calls.length).not.toBe(0);
  await nextTick();
}

test("it acts at once, says so, and takes it back as the row is then", async () => {
  await press();
  expect(set).toHaveBeenCalledWith(expect.objectContaining({ version: 1 }), false);
  const [sentence, offer] = done.mock.calls[0] ?? [];
  expect([sentence, offer?.label]).toEqual(["“海报”已停用", "撤销"]);
  await expect.poll(() => refreshed).toHaveBeenCalledOnce();
  offer?.run();
  await expect.poll(() => done).toHaveBeenCalledTimes(2);
  expect(set).toHaveBeenLastCalledWith(expect.objectContaining({ version: 2, enabled: false }), true);
  expect(done.mock.lastCall).toEqual(["“海报”已启用"]);
});

test("what can't be switched says why, and nothing is sent", async () => {
  await press({ why: (_, on) => (on ? "" : "它是最后一个") });
  expect(why).toHaveBeenCalledWith("它是最后一个");
  expect(set).not.toHaveBeenCalled();
});

test("what has consequences asks first; who says no changes nothing", async () => {
  sure.mockResolvedValueOnce(false);
  const text = { zh: "三个人会收不到", en: "Three people get nothing" };
  await press({ sure: async () => ({ title: text, sentence: text }) });
  expect(sure).toHaveBeenCalledWith(expect.objectContaining({ sentence: "三个人会收不到", action: "停用" }));
  await nextTick();
  expect(set).not.toHaveBeenCalled();
});
