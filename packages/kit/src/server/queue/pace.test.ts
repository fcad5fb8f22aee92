import { beforeEach, describe, expect, test } from "vitest";
import { Pace } from "./pace.ts";

let pace: Pace;

beforeEach(() => {
  pace = new Pace();
});

function run(tenantId: string, ms: number, times = 50): void {
  for (let n = 0; n < times; n++) pace.note(tenantId, ms);
}

describe("a slow tenant", () => {
  test("is one whose tasks take several times what is usual", () => {
    for (const tenantId of ["a", "b", "c"]) run(tenantId, 1);
    run("slow", 100);
    expect(["a", "b", "c", "slow", "unknown"].filter((id) => pace.isSlow(id))).toEqual(["slow"]);
    expect([...pace.slow()]).toEqual([["slow", 1]]);
  });

  test("isn't one where all are slow", () => {
    for (const tenantId of ["a", "b", "c"]) run(tenantId, 100);
    expect(pace.slow().size).toBe(0);
    expect(pace.usualBatch()).toBe(2);
  });

  test("leaves the others' batches as large as they were, even if it runs more tasks than they", () => {
    run("a", 1);
    run("slow", 100, 1000);
    expect(pace.usualBatch()).toBe(250);
  });

  test("is one no more when it has become quick", () => {
    for (const tenantId of ["a", "b", "c"]) run(tenantId, 1);
    run("d", 20);
    expect(pace.isSlow("d")).toBe(true);
    run("d", 1);
    expect(pace.isSlow("d")).toBe(false);
  });
});

test("a batch may take twice what is expected of its tenants, and a tenth of a second in any case", () => {
  run("a", 10);
  expect(pace.budgetMs(["a"])).toBe(100);
  expect(pace.budgetMs(Array.from({ length: 50 }, () => "a"))).toBeCloseTo(1000);
});

test("it remembers a thousand tenants", () => {
  run("slow", 100, 1);
  for (let n = 0; n < 1000; n++) run(String(n), 1, 1);
  expect(pace.isSlow("slow")).toBe(false);
});
