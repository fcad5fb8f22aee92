import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from "prom-client";

/** Of a metric with these labels; each combination of their values is a series, so values come from a short list. */
export type Labels<Name extends string> = Readonly<Record<Name, string | number>>;

export interface MetricOptions<Label extends string> {
  /** `zg_<what>_<unit>`, in base units: seconds, bytes; counters end in `_total`. */
  readonly name: string;
  /** One sentence for whoever reads the dashboard. */
  readonly help: string;
  readonly labels?: readonly Label[];
}

export interface GaugeReading<Label extends string> {
  readonly labels?: Labels<Label>;
  readonly value: number;
}

/** From an answer out of memory to a report that takes its time. */
const defaultBucketsSeconds = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

/**
 * What this process counts and measures, told as Prometheus text. One per runtime; a metric of the same name is made
 * once and handed out again.
 */
export class Metrics {
  readonly #registry = new Registry();
  readonly #readingMs: number;
  #process = false;

  /** @param options how long a gauge may take to be read, so that one slow query doesn't hide all the others */
  constructor({ readingMs = 2_000 }: { readonly readingMs?: number } = {}) {
    this.#readingMs = readingMs;
  }

  /** Counts what happened. */
  counter<Label extends string = never>(
    options: MetricOptions<Label>,
  ): { add(labels: Labels<Label>, by?: number): void } {
    const counter = this.#once(options.name, () => new Counter(this.#settings(options))) as Counter;
    return { add: (labels, by = 1) => counter.inc(labels, by) };
  }

  /** Measures a distribution: durations in seconds, sizes in bytes. */
  histogram<Label extends string = never>(
    options: MetricOptions<Label> & { readonly buckets?: readonly number[] },
  ): { observe(labels: Labels<Label>, value: number): void } {
    const buckets = [...(options.buckets ?? defaultBucketsSeconds)];
    const make = () => new Histogram({ ...this.#settings(options), buckets });
    const histogram = this.#once(options.name, make) as Histogram;
    return { observe: (labels, value) => histogram.observe(labels, value) };
  }

  /**
   * Reads a state when somebody asks. What `read` throws, or takes too long for, leaves the series out: an old value
   * would look like a new one.
   */
  gauge<Label extends string = never>(
    options: MetricOptions<Label>,
    read: () => readonly GaugeReading<Label>[] | number | Promise<readonly GaugeReading<Label>[] | number>,
  ): void {
    const { labels = [] } = options;
    const collect = async (gauge: Gauge): Promise<void> => {
      gauge.reset();
      // Without labels a gauge that is reset says 0, which would be a claim.
      if (labels.length === 0) gauge.remove();
      const readings = await within(this.#readingMs, async () => read()).catch(() => []);
      for (const { labels: values, value } of typeof readings === "number"
        ? [{ labels: undefined, value: readings }]
        : readings) {
        gauge.set((values ?? {}) as Labels<string>, value);
      }
    };
    this.#once(options.name, () => {
      return new Gauge({
        ...this.#settings(options),
        async collect(this: Gauge) {
          await collect(this);
        },
      });
    });
  }

  /** The event loop's lag, memory, processor time, garbage collection: named as Prometheus' Node clients name them. */
  collectProcess(): void {
    if (this.#process) return;
    this.#process = true;
    collectDefaultMetrics({ register: this.#registry });
  }

  /** Everything, in the text format 0.0.4 (https://prometheus.io/docs/instrumenting/exposition_formats/). */
  async text(): Promise<{ contentType: string; body: string }> {
    return { contentType: this.#registry.contentType, body: await this.#registry.metrics() };
  }

  #settings<Label extends string>({ name, help, labels = [] }: MetricOptions<Label>) {
    return { name, help, labelNames: [...labels] as string[], registers: [this.#registry] };
  }

  #once<Made>(name: string, make: () => Made): unknown {
    return this.#registry.getSingleMetric(name) ?? make();
  }
}

async function within<Result>(ms: number, work: () => Promise<Result>): Promise<Result> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => late.reject(new Error(`not within ${ms} ms`)), ms);
  try {
    return await Promise.race([work(), late.promise]);
  } finally {
    clearTimeout(timer);
  }
}
