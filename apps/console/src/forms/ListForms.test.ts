import { access } from "@zhanggui/server/foundation/access/access.contract";
import type { Call } from "@zhanggui/kit/contract/client";
import { afterEach, expect, test, vi } from "vitest";
import { createApp, h, nextTick, shallowRef, type App, type Component } from "vue";
import { createMemoryHistory, createRouter, type Router } from "vue-router";
import { signedIn } from "../common/signed-in.ts";
import { edits } from "./list-forms.ts";
import ListForms from "./ListForms.vue";

// What the dialog is given is asked here, not how it looks.
vi.mock("./FormDialog.vue", () => ({
  __esModule: true,
  default: {
    props: ["values", "fixed"],
    render(this: { values: unknown; fixed: unknown }) {
      return h("output", JSON.stringify([this.values, this.fixed]));
    },
  },
}));

interface Row {
  readonly id: string;
  readonly name: string;
}
/** Of no particular row: `h` knows no generics. */
const forms = ListForms as unknown as Component;
let app: App;
afterEach(() => app.unmount());

async function open(rows: { value: readonly Row[] }, address: string): Promise<{ host: HTMLElement; router: Router }> {
  signedIn.me = { permissions: ["access:write"] } as unknown as typeof signedIn.me;
  const call = Object.assign(vi.fn(), { route: access.updateRole }) as unknown as Call<typeof access.updateRole>;
  const edit = edits(call, {
    title: { zh: "编辑", en: "Edit" },
    values: ({ name }: Row) => ({ name }),
    fixed: ({ id }) => ({ roleId: id }),
    why: ({ name }) => (name === "fixed" ? "It can't be changed." : ""),
  });
  const router = createRouter({
    history: createMemoryHistory(),
    routes: [{ path: "/roles", component: { render: () => null } }],
  });
  await router.push(address);
  const host = document.createElement("div");
  app = createApp({ render: () => h(forms, { rows: rows.value, edit }) }).use(router);
  app.mount(host);
  return { host, router };
}
const shown = (host: HTMLElement): string => host.querySelector("output")?.textContent ?? "";

test("the row that the address names is edited, also when rows come later", async () => {
  const rows = shallowRef<readonly Row[]>([]);
  const { host, router } = await open(rows, "/roles#edit/r1");
  await nextTick();
  expect(shown(host)).toBe("");
  rows.value = [{ id: "r1", name: "Counter" }];
  await expect.poll(() => shown(host)).toBe('[{"name":"Counter"},{"roleId":"r1"}]');
  await router.push("/roles");
  await expect.poll(() => shown(host)).toBe("");
});

test("a refresh that takes the row away, or changes it, leaves the form as it was opened", async () => {
  const rows = shallowRef<readonly Row[]>([{ id: "r1", name: "Counter" }]);
  const { host } = await open(rows, "/roles#edit/r1");
  await expect.poll(() => shown(host)).toContain("Counter");
  rows.value = [{ id: "r1", name: "Stall" }];
  await nextTick();
  rows.value = [];
  await nextTick();
  expect(shown(host)).toBe('[{"name":"Counter"},{"roleId":"r1"}]');
});

test("what can't be changed, and what isn't there, opens nothing", async () => {
  const rows = shallowRef<readonly Row[]>([{ id: "r1", name: "fixed" }]);
  const { host, router } = await open(rows, "/roles#edit/r1");
  await router.push("/roles#edit/another");
  await nextTick();
  expect(shown(host)).toBe("");
});
