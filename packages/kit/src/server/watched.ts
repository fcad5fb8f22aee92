import type { Clock } from "./clock.ts";
import type { Database } from "./database.ts";
import type { Env } from "./env.ts";
import type { Logger } from "./log.ts";
import type { Metrics } from "./metrics.ts";
import { measurePool } from "./pool.ts";
import type { Query } from "./query.ts";
import { SlowQueries } from "./slow-queries.ts";
import { watchStatements } from "./statements.ts";
import type { Exporter } from "./tracing/exporter.ts";
import { openTracer } from "./tracing/open-tracer.ts";
import { beginSpan } from "./tracing/spans.ts";

interface Watching {
  readonly env: Env;
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics: Metrics;
  readonly database: Database;
  /** As the owner. */
  readonly query: Query;
}

/** What a runtime watches of its own work: the pool, slow statements, and traces where somebody collects them. */
export class Watched {
  readonly tracer: Exporter | undefined;
  readonly #slowQueries: SlowQueries;

  constructor({ env, clock, log, metrics, database, query }: Watching) {
    measurePool(database.pool, metrics);
    const thresholdMs = env.DATABASE_SLOW_QUERY_MS;
    this.#slowQueries = new SlowQueries({ clock, log, query, thresholdMs });
    if (thresholdMs > 0) this.#slowQueries.watch(database.pool);
    this.tracer = openTracer(env, log, metrics);
    if (this.tracer !== undefined) watchStatements(database.pool, (_client, text) => statementSpan(text));
  }

  /** Nightly. */
  prune(): Promise<void> {
    return this.#slowQueries.prune();
  }

  /** Writes and sends what was noted; while the database is still there. */
  async stop(): Promise<void> {
    this.#slowQueries.stop();
    await Promise.all([this.#slowQueries.write(), this.tracer?.stop()]);
  }
}

const longestStatement = 2_000;

/** A statement as a span: its text with `$1` in the place of values, by OpenTelemetry's conventions for databases. */
function statementSpan(text: string): ((rows: number, error?: unknown) => void) | undefined {
  const name = /^[\s(]*(\w+)/.exec(text)?.[1]?.toUpperCase() ?? "SQL";
  const end = beginSpan(name, {
    kind: "client",
    attributes: { "db.system.name": "postgresql", "db.query.text": text.slice(0, longestStatement) },
  });
  return end && ((rows, error) => end({ "db.response.returned_rows": rows }, error));
}
