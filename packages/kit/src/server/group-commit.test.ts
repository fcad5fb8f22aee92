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
