import { AsyncLocalStorage } from "node:async_hooks";
import { randomBytes } from "node:crypto";

/** What kinds of work are told apart (OpenTelemetry's span kinds, by their numbers in OTLP). */
export const spanKinds = { internal: 1, server: 2, client: 3, consumer: 5 } as const;
export type SpanKind = keyof typeof spanKinds;
export type Attributes = Readonly<Record<string, string | number | boolean | undefined>>;

/** A piece of work that is over. */
export interface Span {
  readonly traceId: string;
  /** 16 hex digits. */
  readonly spanId: string;
  readonly parentId: string | undefined;
  readonly name: string;
  readonly kind: SpanKind;
  /** Milliseconds since 1970 by this machine's clock, with their fractions. */
  readonly startMs: number;
  readonly endMs: number;
  readonly attributes: Attributes;
  /** What it failed with. */
  readonly error?: unknown;
}

/** Takes spans; `wants` says of a trace whether it takes any. */
export interface SpanSink {
  wants(traceId: string): boolean;
  take(span: Span): void;
}

interface Active {
  readonly sink: SpanSink;
  readonly traceId: string;
  readonly spanId: string;
}

/** What runs now. Nobody is ever in it where no sink was set up: asking is then all that tracing costs. */
const active = new AsyncLocalStorage<Active>();

export interface SpanOptions {
  readonly kind?: SpanKind;
  readonly attributes?: Attributes;
}

export function newSpanId(): string {
  return randomBytes(8).toString("hex");
}

/**
 * The span that a trace of ours begins with, in whatever process: its id is made of the trace's, so that a task hangs
 * below the request that it came from without a word passed on. None for traces that others began: their ids aren't
 * made as ours are (a UUIDv4), but for one in 64.
 */
export function rootSpanId(traceId: string): string | undefined {
  return /^[0-9a-f]{12}4[0-9a-f]{3}[89ab]/.test(traceId) ? traceId.slice(0, 16) : undefined;
}

/** The machine's own clock: spans of several processes and machines are laid side by side. */
export function spanTimeMs(): number {
  return performance.timeOrigin + performance.now();
}

/** Runs `work` as a part of the span; what is traced in it hangs below. */
export function within<Result>(
  sink: SpanSink | undefined,
  { traceId, spanId }: { readonly traceId: string; readonly spanId: string },
  work: () => Result,
): Result {
  return sink?.wants(traceId) === true ? active.run({ sink, traceId, spanId }, work) : work();
}

/**
 * Runs `work` as a span that a process begins with: tasks of traces that began elsewhere. Of several that are done in
 * one go, what the work itself traces hangs below the first.
 */
export async function tracedRoot<Result>(
  sink: SpanSink | undefined,
  traceIds: readonly string[],
  { name, ...options }: SpanOptions & { readonly name: string },
  work: () => Promise<Result>,
): Promise<Result> {
  if (sink === undefined) return work();
  const [first, ...others] = [...new Set(traceIds)].filter((traceId) => sink.wants(traceId));
  if (first === undefined) return work();
  const rootOf = (traceId: string): Active => ({ sink, traceId, spanId: newSpanId() });
  const startMs = spanTimeMs();
  let error: unknown;
  try {
    return await spanned(rootOf(first), rootSpanId(first), name, options, work);
  } catch (thrown) {
    error = thrown ?? new Error("failed");
    throw thrown;
  } finally {
    for (const traceId of others) end(rootOf(traceId), rootSpanId(traceId), name, startMs, options, error);
  }
}

/** Runs `work` as a span below the one that runs now; without one, just runs it. */
export async function traced<Result>(name: string, options: SpanOptions, work: () => Promise<Result>): Promise<Result> {
  const parent = active.getStore();
  if (parent === undefined) return work();
  return spanned({ ...parent, spanId: newSpanId() }, parent.spanId, name, options, work);
}

/** Notes a span below the one that runs now when it is over: the returned function says so. Undefined without one. */
export function beginSpan(
  name: string,
  options: SpanOptions,
): ((attributes?: Attributes, error?: unknown) => void) | undefined {
  const parent = active.getStore();
  if (parent === undefined) return undefined;
  const startMs = spanTimeMs();
  return (attributes = {}, error) =>
    end(
      { ...parent, spanId: newSpanId() },
      parent.spanId,
      name,
      startMs,
      {
        ...options,
        attributes: { ...options.attributes, ...attributes },
      },
      error,
    );
}

/** Notes a span that took so long, and is over now. */
export function notePastSpan(name: string, tookMs: number, options: SpanOptions, error?: unknown): void {
  const parent = active.getStore();
  if (parent === undefined) return;
  end({ ...parent, spanId: newSpanId() }, parent.spanId, name, spanTimeMs() - tookMs, options, error);
}

async function spanned<Result>(
  own: Active,
  parentId: string | undefined,
  name: string,
  options: SpanOptions,
  work: () => Promise<Result>,
): Promise<Result> {
  const startMs = spanTimeMs();
  try {
    const result = await active.run(own, work);
    end(own, parentId, name, startMs, options);
    return result;
  } catch (error) {
    end(own, parentId, name, startMs, options, error ?? new Error("failed"));
    throw error;
  }
}

function end(
  { sink, traceId, spanId }: Active,
  parentId: string | undefined,
  name: string,
  startMs: number,
  { kind = "internal", attributes = {} }: SpanOptions,
  error?: unknown,
): void {
  sink.take({ traceId, spanId, parentId, name, kind, startMs, endMs: spanTimeMs(), attributes, error });
}
