import { expect, test } from "vitest";
import { Gate } from "./gate.ts";

test("no more than the width run at a time, all run, in order, failures included", async () => {
  const gate = new Gate(3);
  const started: number[] = [];
  let running = 0;
  let most = 0;
  const works = Array.from({ length: 20 }, (_value, number) =>
    gate.run(async () => {
      started.push(number);
      running += 1;
      most = Math.max(most, running);
      await new Promise((resolve) => setImmediate(resolve));
      running -= 1;
      if (number % 5 === 0) throw new Error("broken");
      return number;
    }),
  );
  const ends = await Promise.allSettled(works);
  expect(most).toBe(3);
  expect(started).toEqual(Array.from({ length: 20 }, (_value, number) => number));
  expect(ends.filter((end) => end.status === "rejected")).toHaveLength(4);
});
