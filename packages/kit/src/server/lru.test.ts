import { expect, test } from "vitest";
import { LruMap } from "./lru.ts";

test("the entry that was used least recently goes first, not the one that came first", () => {
  const teas = new LruMap<string, number>(2);
  teas.set("green", 1);
  teas.set("black", 2);
  expect(teas.get("green")).toBe(1);
  teas.set("white", 3);
  expect(["green", "black", "white"].map((tea) => teas.get(tea))).toEqual([1, undefined, 3]);
});

test("setting an entry anew uses it, and takes no other's place", () => {
  const teas = new LruMap<string, number>(2);
  for (const [tea, grams] of [
    ["green", 1],
    ["black", 2],
    ["green", 3],
  ] as const)
    teas.set(tea, grams);
  expect(teas.get("black")).toBe(2);
  teas.set("white", 4);
  expect(teas.get("green")).toBeUndefined();
});

test("only the entry that is meant is deleted", () => {
  const teas = new LruMap<string, number>(2);
  teas.set("green", 1);
  teas.deleteIf("green", 2);
  expect(teas.get("green")).toBe(1);
  teas.deleteIf("green", 1);
  expect(teas.get("green")).toBeUndefined();
});
