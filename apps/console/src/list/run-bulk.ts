import type { BulkReply, BulkRoute } from "@zhanggui/kit/contract/bulk";
import { bulkStep } from "@zhanggui/kit/contract/bulk-info";
import type { Call } from "@zhanggui/kit/contract/client";
import { idempotencyInProgress, idempotencyUnknown } from "@zhanggui/kit/contract/faults";
import { newId } from "@zhanggui/kit/contract/new-id";
import { ApiProblem } from "@zhanggui/kit/contract/problem";
import type { z } from "zod";

/** Rows by their ids, or all that a list's query matches but a few. */
export type Chosen =
  | { readonly ids: readonly string[] }
  | { readonly query: Readonly<Record<string, unknown>>; readonly except: readonly string[] };
type Step = z.output<typeof BulkReply>;
/** What has become of them so far. */
export type Outcome = Omit<Step, "next" | "isMore" | "run">;

type Send = (input: object, options?: { readonly idempotencyKey: string }) => Promise<Step>;
type Body = Readonly<Record<string, unknown>>;

/** A step that nobody answered is asked for again so often, each time after twice as long. */
const tries = 4;
const firstPauseMs = 500;

export const nothingYet: Outcome = { done: 0, passed: {}, gone: 0, failed: [] };

/** What it would do, for the words of the dialog: of many ids all of them, of a query the first that match. */
export async function previewBulk(
  call: Call<BulkRoute>,
  chosen: Chosen,
  body: Body,
): Promise<Outcome & { isMore: boolean }> {
  const send = call as unknown as Send;
  const parts = "ids" in chosen ? chunks(chosen.ids).map((ids) => ({ ids })) : [everything(chosen)];
  const replies = await Promise.all(parts.map((part) => send({ ...body, ...part, preview: true })));
  return { ...replies.reduce(added, nothingYet), isMore: replies.some(({ isMore }) => isMore) };
}

/**
 * Does it to rows that are named, step by step, and tells after each what has become of the rows so far. A step whose
 * answer was lost is asked for again under its key: it happens once.
 *
 * @param stops ends it after the step that is under way
 */
export async function runBulk(
  call: Call<BulkRoute>,
  ids: readonly string[],
  body: Body,
  { stops, onStep }: { readonly stops: AbortSignal; readonly onStep: (outcome: Outcome) => void },
): Promise<void> {
  let outcome = nothingYet;
  for (const part of chunks(ids)) {
    if (stops.aborted) return;
    outcome = added(outcome, await insist(call as unknown as Send, { ...body, ids: part }));
    onStep(outcome);
  }
}

/** Lets the server do it to all that match, whether or not anybody looks on. */
export async function handOver(
  call: Call<BulkRoute>,
  chosen: Extract<Chosen, { readonly query: unknown }>,
  body: Body,
): Promise<void> {
  await insist(call as unknown as Send, { ...body, ...everything(chosen), handOver: true });
}

async function insist(send: Send, input: object): Promise<Step> {
  let idempotencyKey = newId(new Date());
  for (let left = tries - 1, pauseMs = firstPauseMs; ; left -= 1, pauseMs *= 2) {
    try {
      return await send(input, { idempotencyKey });
    } catch (error) {
      const code = error instanceof ApiProblem ? error.code : undefined;
      const isLost = error instanceof TypeError || code === idempotencyInProgress.code;
      if (left === 0 || !(isLost || code === idempotencyUnknown.code)) throw error;
      // It broke off among its rows. Those that are done are passed over, and the others are still to be done.
      if (code === idempotencyUnknown.code) idempotencyKey = newId(new Date());
      await new Promise((resolve) => setTimeout(resolve, pauseMs));
    }
  }
}

function everything({ query, except }: Extract<Chosen, { readonly query: unknown }>): object {
  const { sort: _, ...narrows } = query;
  return { ...narrows, all: true, ...(except.length === 0 ? {} : { except }) };
}

function added(outcome: Outcome, { done, passed, gone, failed }: Outcome): Outcome {
  const reasons = [...new Set([...Object.keys(outcome.passed), ...Object.keys(passed)])];
  return {
    done: outcome.done + done,
    passed: Object.fromEntries(reasons.map((each) => [each, (outcome.passed[each] ?? 0) + (passed[each] ?? 0)])),
    gone: outcome.gone + gone,
    failed: [...outcome.failed, ...failed],
  };
}

function chunks(ids: readonly string[]): readonly string[][] {
  return Array.from({ length: Math.ceil(ids.length / bulkStep) }, (_, n) =>
    ids.slice(n * bulkStep, (n + 1) * bulkStep),
  );
}
