import type { FormField } from "@zhanggui/forms/form";
import { beforeEach, expect, test, vi } from "vitest";
import { createApp, h, nextTick, ref } from "vue";
import type { Asked, Kind, Option } from "../list/kinds.ts";
import { provideAround } from "./around.ts";
import { useOptions } from "./options.ts";

const { kind } = vi.hoisted((): { kind: { current: object } } => ({ kind: { current: {} } }));
vi.mock("../list/kinds.ts", async (original) => ({
  ...(await original<typeof import("../list/kinds.ts")>()),
  kindOf: async () => kind.current,
}));

const field = { name: "materialId", kind: "material", input: "material", label: { zh: "素材", en: "Material" } };
/** More than are listed: three of each account, of which two are shown unasked. */
const all = ["a", "b"].flatMap((of) => [1, 2, 3].map((n) => ({ value: `${of}${n}`, label: `茶 ${of}${n}` })));
const asked: Asked[] = [];
const many: Kind = {
  most: 2,
  narrowedBy: ["wechatAppId"],
  nameOf: async (value) => `茶 ${value}`,
  options: async (_, wanted = {}) => {
    asked.push(wanted);
    const { search = "", of = {} } = wanted;
    return all
      .filter(({ value, label }) => value.startsWith(of["wechatAppId"] ?? "") && label.includes(search))
      .slice(0, 2);
  },
};
beforeEach(() => {
  asked.length = 0;
  kind.current = many;
});

/** A chooser in a form that has chosen an account. */
function choose(value = ref<string>()) {
  const wechatAppId = ref("a");
  let made: ReturnType<typeof useOptions> | undefined;
  const Chooser = {
    setup() {
      made = useOptions(
        () => field as unknown as FormField,
        () => value.value,
      );
      return () => null;
    },
  };
  const Around = {
    setup() {
      provideAround((name) => (name === "wechatAppId" ? wechatAppId.value : undefined));
      return () => h(Chooser);
    },
  };
  createApp(Around).mount(document.createElement("div"));
  if (made === undefined) throw new Error("nothing was made");
  const values = () => made!.options.value.map((option: Option) => option.value);
  return { wechatAppId, value, values, ...made };
}

test("of more than are listed the server is asked for what is typed, and for the account that is chosen", async () => {
  const chooser = choose();
  await expect.poll(chooser.values).toEqual(["a1", "a2"]);
  expect(chooser.isSearched.value).toBe(true);
  chooser.seek("a3");
  await expect.poll(chooser.values).toEqual(["a3"]);
  // What is chosen keeps its name when the search is over.
  chooser.value.value = "a3";
  chooser.seek("");
  await nextTick();
  expect(chooser.options.value[0]).toEqual({ value: "a3", label: "茶 a3" });
  chooser.wechatAppId.value = "b";
  await expect.poll(chooser.values).toEqual(["a3", "b1", "b2"]);
  expect(asked.at(-1)).toEqual({ of: { wechatAppId: "b" } });
});

test("one that is chosen already and not among the first has its name", async () => {
  const chooser = choose(ref("a3"));
  await expect.poll(() => chooser.options.value[0]).toEqual({ value: "a3", label: "茶 a3" });
});

test("where all are listed nobody is asked again", async () => {
  kind.current = { ...many, most: 100 };
  const chooser = choose();
  await expect.poll(chooser.values).toEqual(["a1", "a2"]);
  expect(chooser.isSearched.value).toBe(false);
});

test("what was looked for and is answered after the search is over isn't shown", async () => {
  const late = Promise.withResolvers<readonly Option[]>();
  const options = async (signal: AbortSignal, wanted: Asked = {}) =>
    wanted.search === undefined ? many.options!(signal, wanted) : (asked.push(wanted), late.promise);
  kind.current = { ...many, options };
  const chooser = choose();
  await expect.poll(chooser.values).toEqual(["a1", "a2"]);
  chooser.seek("a9");
  await expect.poll(() => asked.at(-1)?.search).toBe("a9");
  chooser.seek("");
  expect(chooser.isLoading.value).toBe(false);
  late.resolve([{ value: "a9", label: "茶 a9" }]);
  await late.promise;
  await new Promise((resolve) => setTimeout(resolve, 20));
  expect(chooser.values()).toEqual(["a1", "a2"]);
});

test("whoever searches while the chosen one's name is asked for has its name all the same", async () => {
  const named = Promise.withResolvers<string>();
  const signals: AbortSignal[] = [];
  const nameOf = (_: string, signal: AbortSignal) => {
    signals.push(signal);
    return new Promise<string>((resolve, reject) => {
      signal.addEventListener("abort", () => reject(new DOMException("left", "AbortError")));
      void named.promise.then(resolve);
    });
  };
  kind.current = { ...many, nameOf };
  const chooser = choose(ref("a3"));
  await expect.poll(() => signals.length).toBe(1);
  chooser.seek("a1");
  await expect.poll(() => asked.at(-1)?.search).toBe("a1");
  named.resolve("茶 a3");
  await expect.poll(() => chooser.options.value[0]).toEqual({ value: "a3", label: "茶 a3" });
});

test("a search that is begun before the list is there leaves the list, when it is over", async () => {
  const options = (signal: AbortSignal, wanted: Asked = {}) =>
    new Promise<readonly Option[]>((resolve, reject) => {
      signal.addEventListener("abort", () => reject(new DOMException("left", "AbortError")));
      setTimeout(() => resolve(many.options!(signal, wanted)), wanted.search === undefined ? 400 : 0);
    });
  kind.current = { ...many, options };
  const slow = choose();
  await expect.poll(() => slow.isLoading.value).toBe(true);
  slow.seek("a3");
  await expect.poll(slow.values).toEqual(["a3"]);
  slow.seek("");
  await expect.poll(slow.values).toEqual(["a1", "a2"]);
});
