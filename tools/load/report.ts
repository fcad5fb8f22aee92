import type { Thresholds } from "./options.ts";
import type { Outcome } from "./run.ts";

export interface Figures {
  readonly scenario: string;
  readonly target: string;
  readonly begun: number;
  readonly ok: number;
  readonly failed: number;
  /** Weren't begun, since too many were under way: the target is slower than it was asked. */
  readonly skipped: number;
  /** Answered well in a second. */
  readonly perSecond: number;
  /** Milliseconds of what was answered well; null if nothing was. */
  readonly p50: number | null;
  readonly p95: number | null;
  readonly p99: number | null;
  readonly max: number | null;
  readonly errors: Readonly<Record<string, number>>;
  readonly stopped?: string;
  /** What was asked for and isn't so, a sentence each. */
  readonly missed: readonly string[];
}

export function figuresOf(
  { scenario, target }: { readonly scenario: string; readonly target: string },
  { samples, skipped, tookMs, stopped }: Outcome,
  thresholds: Thresholds,
): Figures {
  const times = samples.flatMap(({ tookMs, error }) => (error === undefined ? [tookMs] : [])).toSorted((a, b) => a - b);
  const kinds = Map.groupBy(
    samples.flatMap(({ error }) => error ?? []),
    (error) => error,
  );
  const figures = {
    scenario,
    target,
    begun: samples.length,
    ok: times.length,
    failed: samples.length - times.length,
    skipped,
    perSecond: round((times.length * 1000) / Math.max(1, tookMs)),
    p50: quantile(times, 0.5),
    p95: quantile(times, 0.95),
    p99: quantile(times, 0.99),
    max: quantile(times, 1),
    errors: Object.fromEntries([...kinds].map(([kind, all]) => [kind, all.length])),
    ...(stopped === undefined ? {} : { stopped }),
  };
  return { ...figures, missed: missedOf(figures, thresholds) };
}

function missedOf(figures: Omit<Figures, "missed">, { p95, p99, errors }: Thresholds): string[] {
  const missed: string[] = [];
  if (figures.stopped !== undefined) missed.push(`ended before its time: ${figures.stopped}`);
  for (const [name, most] of [
    ["p95", p95],
    ["p99", p99],
  ] as const) {
    const is = figures[name];
    if (most !== undefined && (is === null || is > most)) missed.push(`${name} is ${is ?? "nothing"} ms, not ${most}`);
  }
  // What wasn't even begun was not answered.
  const share = (figures.failed + figures.skipped) / Math.max(1, figures.begun + figures.skipped);
  if (errors !== undefined && share > errors)
    missed.push(`${round(share * 100)} % failed or weren't begun, not ${round(errors * 100)} %`);
  return missed;
}

/** The smallest time that the share `at` of all lies at or below (nearest rank). */
function quantile(sorted: readonly number[], at: number): number | null {
  const value = sorted[Math.max(0, Math.ceil(sorted.length * at) - 1)];
  return value === undefined ? null : round(value);
}

function round(figure: number): number {
  return Math.round(figure * 10) / 10;
}

/** The figures as lines for a terminal. */
export function tableOf(figures: Figures): string {
  const { scenario, target, begun, ok, failed, skipped, perSecond, errors, missed } = figures;
  const ms = (figure: number | null): string => (figure === null ? "–" : `${figure} ms`);
  const lines = [
    `${scenario} against ${target}`,
    "",
    `  begun ${begun}   answered ${ok}   failed ${failed}   not begun ${skipped}   ${perSecond} / s`,
    `  p50 ${ms(figures.p50)}   p95 ${ms(figures.p95)}   p99 ${ms(figures.p99)}   max ${ms(figures.max)}`,
  ];
  if (failed > 0) lines.push("", ...Object.entries(errors).map(([kind, count]) => `  ${count} × ${kind}`));
  if (missed.length > 0) lines.push("", ...missed.map((line) => `  ✗ ${line}`));
  return lines.join("\n");
}
