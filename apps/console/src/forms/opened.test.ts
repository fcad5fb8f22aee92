import { expect, test } from "vitest";
import { createApp, defineComponent } from "vue";
import { createMemoryHistory, createRouter } from "vue-router";
import { type Opened, useOpened } from "./opened.ts";

/** What is open at an address. */
async function at(address: string): Promise<Opened> {
  let opened: Opened | undefined;
  const page = defineComponent({
    setup() {
      opened = useOpened();
      return () => null;
    },
  });
  const router = createRouter({ history: createMemoryHistory(), routes: [{ path: "/:all(.*)*", component: page }] });
  await router.push(address);
  createApp(page).use(router).mount(document.createElement("div"));
  return opened!;
}

test.for([
  ["/roles", ""],
  ["/roles#new", "new"],
  ["/roles#edit/a1", "a1"],
  ["/roles#edit/a%2Fb", "a/b"],
  ["/roles#edit/%25", "%"],
  ["/roles#edit/%25zz", "%zz"],
  ["/roles#rights/a1", ""],
])("%s opens “%s”", async ([address = "", id = ""]) => {
  expect((await at(address)).id.value).toBe(id);
});

test.for(["a1", "a/b", "%", "50%25"])("what is called %s is opened by its name", async (id) => {
  const opened = await at("/roles");
  opened.open(id);
  await expect.poll(() => opened.id.value).toBe(id);
});
