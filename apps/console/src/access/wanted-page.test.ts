import { expect, test } from "vitest";
import { wantedPage } from "./wanted-page.ts";

test("after signing in one lands where one wanted to go, and never on another site", () => {
  expect(wantedPage({ to: "/people?search=1" })).toBe("/people?search=1");
  for (const to of [undefined, "", "https://evil.example", "//evil.example", "/\\evil.example", ["/people"]]) {
    expect(wantedPage({ to })).toBe("/");
  }
});
