import { afterEach, expect, test } from "vitest";
import { type App, createApp, defineComponent } from "vue";
import { createMemoryHistory, createRouter } from "vue-router";
import { signedIn } from "../common/signed-in.ts";
import { useUnsaved } from "./unsaved.ts";

const signIn = (id: string): void => {
  signedIn.me = { account: { id }, permissions: [] } as unknown as typeof signedIn.me;
};
let app: App | undefined;
afterEach(() => {
  app?.unmount();
  signedIn.me = null;
});

/** Whether the browser asks before the tab goes, with a form open. */
function opened(isDirty: () => boolean): () => boolean {
  const page = defineComponent({
    setup() {
      useUnsaved(isDirty, () => {});
      return () => null;
    },
  });
  app = createApp(page).use(createRouter({ history: createMemoryHistory(), routes: [{ path: "/", component: page }] }));
  app.mount(document.createElement("div"));
  return () => {
    const event = new Event("beforeunload", { cancelable: true });
    dispatchEvent(event);
    return event.defaultPrevented;
  };
}

test("a tab that would lose something asks before it goes", () => {
  signIn("a1");
  let isDirty = false;
  const asks = opened(() => isDirty);
  expect(asks()).toBe(false);
  isDirty = true;
  expect(asks()).toBe(true);
});

test("who signed in from another tab isn't kept on a form of whoever was here before", () => {
  signIn("a1");
  const asks = opened(() => true);
  signIn("a2");
  expect(asks()).toBe(false);
});
