import { expect, test, vi } from "vitest";
import { createApp, defineComponent, h, nextTick, ref } from "vue";
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
  await expect.poll(() => [isOpen.value, asked, page.textContent]).toEqual([false, 1, ""]);
  isOpen.value = true;
  await expect.poll(() => [isOpen.value, asked, page.textContent]).toEqual([true, 2, "open"]);
  app.unmount();
});

test("Esc closes what hasn't come yet, and only that; it doesn't open when it comes", async () => {
  const Drawer = defineComponent({ emits: ["close"], setup: () => () => h("p", "open") });
  const coming = Promise.withResolvers<{ default: typeof Drawer }>();
  const Part = lazily(() => coming.promise);
  const Quiet = lazily(() => coming.promise);
  const isOpen = ref(true);
  const app = createApp(
    defineComponent(() => () => [h(Quiet), isOpen.value ? h(Part, { onClose: () => (isOpen.value = false) }) : ""]),
  );
  const page = document.createElement("div");
  app.mount(page);
  const below = vi.fn<() => void>();
  document.addEventListener("keydown", below);
  const press = async (key: string) => {
    document.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true }));
    await nextTick();
  };
  await press("a");
  expect([isOpen.value, page.querySelectorAll("[aria-busy=true]").length, below.mock.calls.length]).toEqual([
    true,
    2,
    1,
  ]);
  await press("Escape");
  expect([isOpen.value, page.querySelectorAll("[aria-busy=true]").length, below.mock.calls.length]).toEqual([
    false,
    1,
    1,
  ]);
  // What nobody can close takes no key from others.
  await press("Escape");
  expect(below).toHaveBeenCalledTimes(2);
  coming.resolve({ default: Drawer });
  await expect.poll(() => page.textContent).toBe("open");
  expect(page.querySelector("[aria-busy]")).toBeNull();
  document.removeEventListener("keydown", below);
  app.unmount();
});
