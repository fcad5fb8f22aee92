import { expect, test, vi } from "vitest";
import { createApp, defineComponent, h, ref } from "vue";
import { lazily } from "./lazily.ts";

test("what couldn't be loaded closes again, and the next click asks for it once more", async () => {
  const Drawer = defineComponent({ emits: ["close"], setup: () => () => h("p", "open") });
  let asked = 0;
  const Part = lazily(async () => {
    asked += 1;
    if (asked === 1) throw new TypeError("gone");
    return { default: Drawer };
  });
  const isOpen = ref(false);
  const app = createApp(
    defineComponent(() => () => (isOpen.value ? h(Part, { onClose: () => (isOpen.value = false) }) : undefined)),
  );
  app.config.errorHandler = () => undefined;
  const page = document.createElement("div");
  app.mount(page);
  isOpen.value = true;
  await vi.waitFor(() => expect([isOpen.value, asked, page.textContent]).toEqual([false, 1, ""]));
  isOpen.value = true;
  await vi.waitFor(() => expect([isOpen.value, asked, page.textContent]).toEqual([true, 2, "open"]));
  app.unmount();
});
