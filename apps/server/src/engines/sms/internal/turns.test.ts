import { describe, expect, test } from "vitest";
import { TokenBucket } from "./token-bucket.ts";
import { SmoothWeighted } from "./weighted.ts";

describe("whose turn it is", () => {
  test("5, 1 and 1 over 7,000 is exactly 5,000, 1,000 and 1,000, and no more than four in a row", () => {
    const turns = new SmoothWeighted();
    const items = [
      { id: "a", weight: 5 },
      { id: "b", weight: 1 },
      { id: "c", weight: 1 },
    ];
    const taken = Array.from({ length: 7000 }, () => turns.order(items)[0]?.id ?? "").join("");
    expect(taken.slice(0, 7)).toBe("aabacaa");
    expect(Object.fromEntries(["a", "b", "c"].map((id) => [id, taken.split(id).length - 1]))).toEqual({
      a: 5000,
      b: 1000,
      c: 1000,
    });
    expect(Math.max(...(taken.match(/a+/g) ?? []).map(({ length }) => length))).toBe(4);
  });

  test("who comes back has saved up no turns; a spare comes last", () => {
    const turns = new SmoothWeighted();
    const [a, b, spare] = [
      { id: "a", weight: 1 },
      { id: "b", weight: 1 },
      { id: "s", weight: 0 },
    ] as const;
    for (let turn = 0; turn < 100; turn += 1) expect(turns.order([a, spare])[0]?.id).toBe("a");
    const next = Array.from({ length: 10 }, () => turns.order([a, b, spare]).map(({ id }) => id));
    expect(next.map(([first]) => first).filter((id) => id === "b")).toHaveLength(5);
    expect(next.every((ids) => ids.at(-1) === "s")).toBe(true);
    expect(turns.order([spare]).map(({ id }) => id)).toEqual(["s"]);
  });

  test("a bucket lets so many through a second", () => {
    const bucket = new TokenBucket(3, 0);
    const passed = (atMs: number) => Array.from({ length: 5 }, () => bucket.take(atMs)).filter(Boolean).length;
    expect([passed(0), passed(0), passed(1000), passed(1334), passed(900), passed(60_000)]).toEqual([3, 0, 3, 1, 0, 3]);
  });
});
