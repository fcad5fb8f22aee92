import type { ListInfo } from "@zhanggui/kit/contract/list-info";
import { describe, expect, test } from "vitest";
import { callOf, isTouched, readState, untouched, writeState } from "./list-state.ts";

const label = { zh: "某", en: "Some" };
const info: ListInfo = {
  noun: { ...label, plural: "some" },
  fields: [
    {
      name: "state",
      label,
      kind: "choice",
      isNullable: false,
      filter: "oneOf",
      choices: { failed: label, unknown: label },
    },
    { name: "isOpen", label, kind: "yesNo", isNullable: false, filter: "yesNo" },
    { name: "clicks", label, kind: "number", isNullable: false, filter: "range", sort: true },
    { name: "at", label, kind: "instant", isNullable: false, filter: "range", sort: "id" },
  ],
  filters: [{ name: "tagId", label, kind: "tag", isNullable: false }],
  sort: "-at",
  search: label,
};
const zone = "Asia/Shanghai";
const asked = (query: Record<string, string>) => callOf(readState(query, info), info, zone, "2026-11-24");

describe("an address becomes what the server is asked for", () => {
  test.each<[string, Record<string, string>, object]>([
    ["nothing", {}, {}],
    ["a search, trimmed", { search: " 小满 " }, { search: "小满" }],
    ["several of a few", { state: "failed,unknown" }, { state: ["failed", "unknown"] }],
    ["yes or no", { isOpen: "false" }, { isOpen: false }],
    ["numbers", { clicks: "10..20" }, { clicks: { gte: 10, lte: 20 } }],
    ["an open range", { clicks: "..20" }, { clicks: { lte: 20 } }],
    [
      "days, whole ones of the shop's clock",
      { at: "2026-11-01..2026-11-02" },
      { at: { gte: "2026-10-31T16:00:00.000Z", lt: "2026-11-02T16:00:00.000Z" } },
    ],
    [
      "the last seven days, today among them",
      { at: "7d" },
      { at: { gte: "2026-11-17T16:00:00.000Z", lt: "2026-11-24T16:00:00.000Z" } },
    ],
    ["a filter that is no column", { tagId: "x" }, { tagId: "x" }],
    ["another order", { sort: "clicks" }, { sort: "clicks" }],
    ["the list's own order, which needs no words", { sort: "-at" }, {}],
  ])("%s", (_, query, call) => {
    expect(asked(query)).toEqual(call);
  });
});

test.each<[string, Record<string, string>]>([
  ["a filter of another list", { color: "red" }],
  ["a word for a number", { clicks: "many.." }],
  ["a range of nothing", { clicks: ".." }],
  ["a day that isn't one", { at: "2026-13-01.." }],
  ["an order that the list doesn't have", { sort: "state" }],
  ["a maybe", { isOpen: "maybe" }],
  ["a state that there isn't", { state: "failed,bogus" }],
  ["days for a number", { clicks: "7d" }],
])("%s in the address is left out", (_, query) => {
  expect(readState(query, info)).toEqual(untouched);
});

test("a state goes into the address and comes back", () => {
  const query = { search: "小满", state: "failed", clicks: "1..", at: "30d", sort: "-clicks" };
  expect(writeState(readState(query, info))).toEqual(query);
  expect(isTouched(readState(query, info))).toBe(true);
  // An order alone hides nothing.
  expect(isTouched(readState({ sort: "clicks" }, info))).toBe(false);
});
