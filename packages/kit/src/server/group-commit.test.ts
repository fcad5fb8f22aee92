import { expect, test } from "vitest";
import { GroupCommit } from "./group-commit.ts";

test("the first goes at once, what comes meanwhile goes together, and each gets its own result", async () => {
  const groups: number[][] = [];
  const gates: PromiseWithResolvers<void>[] = [];
  const commits = new GroupCommit<number, string>(
    async (items) => {
      groups.push([...items]);
      const gate = Promise.withResolvers<void>();
      gates.push(gate);
      await gate.promise;
      return items.map((item) => `cup ${item}`);
    },
    { maxItems: 3, concurrency: 1 },
  );
  const results = [1, 2, 3, 4, 5].map((item) => commits.add(item));
  for (let group = 0; group < 3; group++) {
    await expect.poll(() => gates.length).toBe(group + 1);
    gates[group]!.resolve();
  }
  expect(await Promise.all(results)).toEqual(["cup 1", "cup 2", "cup 3", "cup 4", "cup 5"]);
  expect(groups).toEqual([[1], [2, 3, 4], [5]]);
});

test("one that can't be stored fails alone", async () => {
  const commits = new GroupCommit<number, number>(
    async (items) => {
      if (items.includes(13)) throw new Error("13 can't be stored");
      return items;
    },
    { maxItems: 100, concurrency: 1 },
  );
  const results = await Promise.allSettled(Array.from({ length: 20 }, (_, n) => commits.add(n)));
  const failed = results.flatMap((result, n) => (result.status === "rejected" ? [n] : []));
  expect(failed).toEqual([13]);
});

test("with a pace, calls one after the other are fuller; nobody waits longer than it says, or for more than enough", async () => {
  const groups: number[][] = [];
  const store = async (items: readonly number[]) => {
    groups.push([...items]);
    return items;
  };
  const commits = new GroupCommit<number, number>(store, {
    maxItems: 100,
    concurrency: 2,
    pace: { items: 3, ms: 60_000 },
  });
  // Nothing was a moment ago: at once.
  await commits.add(1);
  const two = commits.add(2);
  const three = commits.add(3);
  await Promise.resolve();
  expect(groups).toEqual([[1]]);
  // That is enough.
  await Promise.all([two, three, commits.add(4)]);
  expect(groups).toEqual([[1], [2, 3, 4]]);

  const soon = new GroupCommit<number, number>(store, { maxItems: 100, concurrency: 2, pace: { items: 3, ms: 20 } });
  await soon.add(5);
  expect(await soon.add(6)).toBe(6);
});
