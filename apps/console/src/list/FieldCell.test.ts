import { expect, test } from "vitest";
import { createApp, h } from "vue";
import { createMemoryHistory, createRouter } from "vue-router";
import { i18n } from "../common/language.ts";
import { signedIn } from "../common/signed-in.ts";
import FieldCell from "./FieldCell.vue";

function shown(value: unknown): HTMLElement {
  const field = { name: "url", label: { zh: "网址", en: "Address" }, kind: "link", isNullable: false } as const;
  const host = document.createElement("div");
  createApp({ render: () => h(FieldCell, { field, value }) })
    .use(i18n)
    .mount(host);
  return host;
}

test("an address of a web page is a link", () => {
  expect(shown("https://lantern-tea.example/menu").querySelector("a")?.href).toBe("https://lantern-tea.example/menu");
});

test.each(["javascript:alert(1)", " javascript:alert(1)", "data:text/html,x", "weixin://dl/business"])(
  "%s is text",
  (address) => {
    expect(shown(address).querySelector("a")).toBeNull();
    expect(shown(address).textContent).toContain(address.trim());
  },
);

test("a row of another module is a link to where its kind says, and its name where it says nothing", async () => {
  const router = createRouter({
    history: createMemoryHistory(),
    routes: [{ path: "/channels", name: "channels", component: { render: () => null } }],
  });
  signedIn.me = { permissions: ["connect:read"] } as unknown as typeof signedIn.me;
  const mounted = (kind: string): HTMLElement => {
    const field = { name: "channel", label: { zh: "渠道", en: "Channel" }, kind, isNullable: true } as const;
    const host = document.createElement("div");
    createApp({ render: () => h(FieldCell, { field, value: { id: "1", name: "门店海报" } }) })
      .use(i18n)
      .use(router)
      .mount(host);
    return host;
  };
  const [known, unknown] = [mounted("channel"), mounted("kettle")];
  // What a kind knows is loaded when the first of its cells is drawn.
  const leads = () => known.querySelector("a")?.getAttribute("href");
  await expect.poll(leads).toContain("/channels?search=");
  expect([known.textContent, unknown.textContent]).toEqual(["门店海报", "门店海报"]);
  expect(unknown.querySelector("a")).toBeNull();
});
