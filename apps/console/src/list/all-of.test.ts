import { forms } from "@zhanggui/server/foundation/forms/forms.contract";
import type { Call } from "@zhanggui/kit/contract/client";
import { expect, test } from "vitest";
import { allOf, searched } from "./all-of.ts";

type Query = { readonly formId: string; readonly cursor?: string; readonly limit: number };

/** A list of so many rows, page by page, that keeps what it was asked for. */
function listOf(count: number) {
  const asked: Query[] = [];
  const call = async (query: Query) => {
    asked.push(query);
    const start = Number(query.cursor ?? 0);
    const end = Math.min(count, start + query.limit);
    const items = Array.from({ length: end - start }, (_, index) => ({ number: start + index }));
    return { items, next: end < count ? String(end) : null };
  };
  return { asked, call: call as unknown as Call<typeof forms.listVersions> };
}

test.for([0, 1, 200, 201, 450])("of %d rows all are read, page after page, of what they are of", async (count) => {
  const { asked, call } = listOf(count);
  const rows = await allOf(call, new AbortController().signal, { formId: "f" });
  expect(rows.map(({ number }) => number)).toEqual(Array.from({ length: count }, (_, number) => number));
  expect(new Set(asked.map(({ formId }) => formId))).toEqual(new Set(["f"]));
  expect(asked).toHaveLength(Math.max(1, Math.ceil(count / 200)));
});

test("of a list without end as many are read as anybody looks through", async () => {
  const { call } = listOf(1_000_000);
  expect(await allOf(call, new AbortController().signal, { formId: "f" })).toHaveLength(2000);
});

test("what is typed goes along, unless it is nothing", () => {
  expect([searched({ search: " 茶 " }), searched({ search: " " }), searched(undefined)]).toEqual([
    { search: "茶" },
    {},
    {},
  ]);
});
