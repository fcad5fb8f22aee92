import { effectScope } from "vue";
import { expect, test } from "vitest";
import { useAction, useListed, useLoaded } from "./loading.ts";
import { isReachable } from "./reachable.ts";

/** A promise to settle by hand. */
function deferred<Value>() {
  const { promise, resolve, reject } = Promise.withResolvers<Value>();
  return { promise, resolve, reject };
}
const settled = async (): Promise<void> => {
  for (let turn = 0; turn < 10; turn += 1) await Promise.resolve();
};

test("an answer that was overtaken by a newer question is dropped", async () => {
  const answers = [deferred<string>(), deferred<string>()];
  let asked = 0;
  const scope = effectScope();
  const loaded = scope.run(() => useLoaded(() => answers[asked++]!.promise))!;
  void loaded.reload();
  answers[1]!.resolve("new");
  await settled();
  answers[0]!.resolve("old");
  await settled();
  expect(loaded.data.value).toBe("new");
  expect(loaded.isLoading.value).toBe(false);
  scope.stop();
});

test("trouble is shown, and gone after a try that succeeds", async () => {
  const answers = [Promise.reject(new TypeError("lost")), Promise.resolve(7)];
  let asked = 0;
  const scope = effectScope();
  const loaded = scope.run(() => useLoaded(() => answers[asked++]!))!;
  await settled();
  expect(loaded.trouble.value?.sentence).toBeTruthy();
  await loaded.reload();
  expect(loaded.trouble.value).toBeUndefined();
  expect(loaded.data.value).toBe(7);
  scope.stop();
});

test("what couldn't be loaded is asked for again once the server can be reached", async () => {
  const answers = [Promise.reject(new TypeError("lost")), Promise.resolve(7)];
  let asked = 0;
  const scope = effectScope();
  const loaded = scope.run(() => useLoaded(() => answers[asked++]!))!;
  isReachable.value = false;
  await settled();
  isReachable.value = true;
  await settled();
  expect(loaded.data.value).toBe(7);
  isReachable.value = false;
  await settled();
  isReachable.value = true;
  await settled();
  expect(asked).toBe(2);
  scope.stop();
});

test("a list grows page by page, and starts again when it is reloaded", async () => {
  const pages = { first: { items: [1, 2], next: "b", total: 3 }, b: { items: [3], next: null, total: 3 } };
  const scope = effectScope();
  const listed = scope.run(() => useListed(async (cursor) => pages[(cursor ?? "first") as keyof typeof pages]))!;
  await settled();
  expect(listed.items.value).toEqual([1, 2]);
  expect(listed.hasMore.value).toBe(true);
  await listed.more();
  expect(listed.items.value).toEqual([1, 2, 3]);
  expect(listed.hasMore.value).toBe(false);
  await listed.reload();
  expect(listed.items.value).toEqual([1, 2]);
  scope.stop();
});

test("an action runs once however often its button is pressed", async () => {
  const work = deferred<void>();
  let runs = 0;
  const { isBusy, run } = useAction(
    async () => {
      runs += 1;
      await work.promise;
    },
    () => undefined,
  );
  const first = run();
  await run();
  expect(isBusy.value).toBe(true);
  work.resolve();
  await first;
  expect(isBusy.value).toBe(false);
  expect(runs).toBe(1);
});

test("an action that fails says so and can be tried again", async () => {
  const seen: unknown[] = [];
  const boom = new Error("boom");
  const { isBusy, run } = useAction(
    () => Promise.reject(boom),
    (error) => seen.push(error),
  );
  await run();
  expect(seen).toEqual([boom]);
  expect(isBusy.value).toBe(false);
});
