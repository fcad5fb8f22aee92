import { expect, test } from "vitest";
import { pages } from "../pages.ts";
import { firstSteps } from "./first-steps.ts";

const nothing = {
  connect: { app: false, verified: false, channel: false },
  messaging: { rule: false, scene: false },
  hasPeople: false,
};

test("six steps lead from nothing to a working account, each to a page that there is", () => {
  const steps = firstSteps(nothing);
  expect(steps.map(({ isDone }) => isDone)).toEqual([false, false, false, false, false, false]);
  const names = new Set(pages.map(({ name }) => name));
  for (const { to } of steps) expect(names).toContain((to as { name: string }).name);
});

test("what is done is ticked off, and the next is the first that isn't", () => {
  const connect = { app: true, verified: true, channel: false };
  const steps = firstSteps({ ...nothing, connect });
  expect(steps.find(({ isDone }) => !isDone)?.title.en).toBe("Make the first channel code");
  const all = { connect: { ...connect, channel: true }, messaging: { rule: true, scene: true }, hasPeople: true };
  expect(firstSteps(all).every(({ isDone }) => isDone)).toBe(true);
});

test("nobody is shown steps that aren't theirs to see", () => {
  expect(firstSteps({})).toEqual([]);
  expect(firstSteps({ hasPeople: true })).toHaveLength(1);
  expect(firstSteps({ messaging: nothing.messaging })).toHaveLength(2);
});
