import { countLimit } from "@zhanggui/kit/contract/count-limit";
import { expect, test } from "vitest";
import { counted, several } from "./counted.ts";

test("a count has its thousands apart, and says of what wasn't counted that there is more", () => {
  expect([0, 1_020, countLimit, countLimit + 1].map(counted)).toEqual(["0", "1,020", "10,000", "10,000+"]);
});

test("one is one, in English too", () => {
  expect([several(1, "customer"), several(2, "customer"), several(1, "person", "people")]).toEqual([
    "1 customer",
    "2 customers",
    "1 person",
  ]);
  expect(several(countLimit + 1, "person", "people")).toBe("10,000+ people");
});
