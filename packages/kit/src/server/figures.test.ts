import { expect, test } from "vitest";
import { figureDays } from "../contract/figures.ts";
import type { Ctx } from "./ctx.ts";
import { DailyCounts, type Span } from "./figures.ts";

const zone = "Asia/Shanghai";
const ctxAt = (now: string, tenantId = "tea"): Ctx => ({ tenantId, now: () => new Date(now) }) as Ctx;

/** Counts one for each hour, and notes what it was asked. */
function counting() {
  const asked: (readonly Span[])[] = [];
  const count = async (_: Ctx, spans: readonly Span[]) => {
    asked.push(spans);
    return spans.map(({ from, until }) => Math.round((until.getTime() - from.getTime()) / 3_600_000));
  };
  return { asked, count };
}

test("each day is a span of its own, and the same part of four days like today are others", async () => {
  const { asked, count } = counting();
  const figures = await new DailyCounts().of(ctxAt("2026-11-29T04:00:00Z"), "tea", zone, count);
  expect(figures.days).toHaveLength(figureDays);
  expect(figures.days.at(-1)).toEqual({ day: "2026-11-29", count: 24 });
  expect(figures.usual).toBe(12);
  const [spans = []] = asked;
  expect(spans).toHaveLength(figureDays + 4);
  expect(spans[figureDays]).toEqual({
    from: new Date("2026-11-21T16:00:00Z"),
    until: new Date("2026-11-22T04:00:00Z"),
  });
  for (const [index, { from }] of spans.slice(1, figureDays).entries()) expect(from).toEqual(spans[index]?.until);
});

test("days that are over are counted once a day; each tenant, zone and name has its own", async () => {
  const counts = new DailyCounts();
  const spansAsked = async (ctx: Ctx, name = "tea", where = zone) => {
    const { asked, count } = counting();
    await counts.of(ctx, name, where, count);
    return asked[0]?.length;
  };
  const all = figureDays + 4;
  const few = 2 + 4;
  expect(await spansAsked(ctxAt("2026-11-29T04:00:00Z"))).toBe(all);
  expect(await spansAsked(ctxAt("2026-11-29T05:00:00Z"))).toBe(few);
  expect(await spansAsked(ctxAt("2026-11-29T05:00:00Z", "coffee"))).toBe(all);
  expect(await spansAsked(ctxAt("2026-11-29T05:00:00Z"), "cups")).toBe(all);
  expect(await spansAsked(ctxAt("2026-11-29T05:00:00Z"), "tea", "Europe/Berlin")).toBe(all);
  expect(await spansAsked(ctxAt("2026-11-29T15:59:00Z"))).toBe(few);
  expect(await spansAsked(ctxAt("2026-11-29T16:00:00Z"))).toBe(all);
});

test("there is nothing to compare with before there was anything a week ago", async () => {
  const first = Date.parse("2026-11-20T00:00:00Z");
  const since = async (_: Ctx, spans: readonly Span[]) => spans.map(({ from }) => (from.getTime() < first ? 0 : 3));
  const usual = async (now: string) => (await new DailyCounts().of(ctxAt(now), "tea", zone, since)).usual;
  expect(await usual("2026-11-27T04:00:00Z")).toBeNull();
  expect(await usual("2026-11-28T04:00:00Z")).toBe(3);
  expect(await usual("2026-12-05T04:00:00Z")).toBe(3);
});
