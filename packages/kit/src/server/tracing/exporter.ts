import type { Logger } from "../log.ts";
import type { Metrics } from "../metrics.ts";
import { type Resource, toOtlp } from "./otlp.ts";
import type { Span, SpanSink } from "./spans.ts";

const flushEveryMs = 2_000;
const batchSize = 512;
/** What a collector that is away may cost in memory: some megabytes. What comes beyond is counted and gone. */
const mostWaiting = 4_096;

export interface ExporterOptions {
  /** Where spans are posted to, whole: `http://127.0.0.1:4318/v1/traces`. */
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
  /** Of how many traces one is taken: 1 all, 0 none. By the trace's id, so that all processes choose the same ones. */
  readonly ratio: number;
  readonly resource: Resource;
  readonly log: Logger;
  readonly metrics: Metrics;
}

/**
 * Sends spans to a collector that speaks OTLP over HTTP, in batches, one request at a time, beside all else. What
 * it can't take in time is dropped and counted: nothing waits for it, and nothing fails with it.
 */
export class Exporter implements SpanSink {
  readonly #options: ExporterOptions;
  readonly #counted: { add(labels: { outcome: "sent" | "dropped" | "failed" }, by?: number): void };
  readonly #timer: NodeJS.Timeout;
  #waiting: Span[] = [];
  #sending: Promise<void> | undefined;
  #isAway = false;

  constructor(options: ExporterOptions) {
    this.#options = options;
    this.#counted = options.metrics.counter({
      name: "zg_trace_spans_total",
      help: "Spans that the collector took, that it didn't take, and that there was no room to keep for it",
      labels: ["outcome"],
    });
    this.#timer = setInterval(() => void this.#flush(), flushEveryMs).unref();
  }

  wants(traceId: string): boolean {
    const { ratio } = this.#options;
    // The last digits: the first ones of a UUIDv7 tell the time.
    return ratio >= 1 || Number.parseInt(traceId.slice(-12), 16) < ratio * 2 ** 48;
  }

  take(span: Span): void {
    if (this.#waiting.length >= mostWaiting) return this.#counted.add({ outcome: "dropped" });
    this.#waiting.push(span);
    if (this.#waiting.length >= batchSize) void this.#flush();
  }

  /** Sends what waits, for no longer than one request may take. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    const deadline = performance.now() + this.#options.timeoutMs;
    while ((this.#waiting.length > 0 || this.#sending !== undefined) && performance.now() < deadline) {
      await this.#flush();
      if (this.#isAway) break;
    }
  }

  /** One batch at a time: a slow collector gets no more requests for being slow. */
  #flush(): Promise<void> {
    if (this.#sending === undefined && this.#waiting.length > 0) {
      this.#sending = this.#send(this.#waiting.splice(0, batchSize)).finally(() => {
        this.#sending = undefined;
        if (this.#waiting.length >= batchSize) void this.#flush();
      });
    }
    return this.#sending ?? Promise.resolve();
  }

  async #send(spans: readonly Span[]): Promise<void> {
    const { url, headers, timeoutMs, resource } = this.#options;
    try {
      const answer = await fetch(url, {
        method: "POST",
        headers: { ...headers, "content-type": "application/json" },
        body: JSON.stringify(toOtlp(spans, resource)),
        redirect: "error",
        signal: AbortSignal.timeout(timeoutMs),
      });
      await answer.body?.cancel();
      if (!answer.ok) throw new Error(`HTTP ${answer.status}`);
      this.#counted.add({ outcome: "sent" }, spans.length);
      this.#say(false);
    } catch (error) {
      this.#counted.add({ outcome: "failed" }, spans.length);
      this.#say(true, error);
    }
  }

  /** One line when it goes, one when it is back. */
  #say(isAway: boolean, error?: unknown): void {
    if (isAway === this.#isAway) return;
    this.#isAway = isAway;
    const { host } = new URL(this.#options.url);
    if (isAway)
      this.#options.log.warn({ err: error, host }, "the collector of traces takes nothing; spans are dropped");
    else this.#options.log.info({ host }, "the collector of traces takes spans again");
  }
}
