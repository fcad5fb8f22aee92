import { afterEach, expect, test } from "vitest";
import { createApp, h, nextTick, ref } from "vue";
import { useDrawer } from "./drawer.ts";

const browser = (window as unknown as { happyDOM: { setViewport: (size: { width: number }) => void } }).happyDOM;
const closers: (() => void)[] = [];
afterEach(() => closers.splice(0).forEach((close) => close()));

/** A button that opens a drawer with one link, in a window of this width. */
function mount(width: number) {
  browser.setViewport({ width });
  const host = document.body.appendChild(document.createElement("div"));
  let drawer: ReturnType<typeof useDrawer> | undefined;
  const app = createApp({
    setup() {
      const side = ref<HTMLElement>();
      const opener = ref<HTMLElement>();
      drawer = useDrawer(side, opener);
      return () => [h("button", { ref: opener }), h("aside", { ref: side }, h("a", { href: "/people" }))];
    },
  });
  app.mount(host);
  closers.push(() => {
    app.unmount();
    host.remove();
  });
  return drawer!;
}
const settled = async (): Promise<void> => {
  await nextTick();
  await nextTick();
};
const focused = (): string | undefined => document.activeElement?.tagName;

test("in a narrow window the focus goes into the open drawer, and back to its button", async () => {
  const { isNarrow, isOpen, open, close } = mount(375);
  expect(isNarrow.value).toBe(true);
  open();
  await settled();
  expect([isOpen.value, focused()]).toEqual([true, "A"]);
  close();
  await settled();
  expect([isOpen.value, focused()]).toEqual([false, "BUTTON"]);
});

test("in a wide window there is nothing to open", async () => {
  const { isNarrow, isOpen, open } = mount(1280);
  open();
  await settled();
  expect([isNarrow.value, isOpen.value]).toEqual([false, false]);
});

test("a window that grows narrow offers the drawer, one that grows wide lays it aside", async () => {
  const { isNarrow, isOpen, open } = mount(1280);
  browser.setViewport({ width: 768 });
  open();
  await settled();
  expect([isNarrow.value, isOpen.value]).toEqual([true, true]);
  browser.setViewport({ width: 1280 });
  await settled();
  expect([isNarrow.value, isOpen.value]).toEqual([false, false]);
});
