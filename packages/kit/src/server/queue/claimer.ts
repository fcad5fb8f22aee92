import { randomUUID } from "node:crypto";
import pg from "pg";
import type { Clock } from "../clock.ts";
import { claimFresh, claimKeyedAlone, claimKeyedFresh, claimKeyedRetry, claimRetry } from "./claims.ts";
import type { QueueConnection } from "./connection.ts";
import type { Queue } from "./definition.ts";
import type { ClaimedTask } from "./environment.ts";
import { forgetClaim, freeLanes } from "./settlements.ts";

const nil = "00000000-0000-0000-0000-000000000000";

/** `fresh`: a batch of what was never tried. `retry`: one task that was. */
export type Mode = "fresh" | "retry";

export interface Limits {
  /** How many tasks at most. */
  readonly batch: number;
  /** Tenants that have enough under way. */
  readonly busy: readonly string[];
  /** Tenants that get fewer than others, and how many. */
  readonly slow: ReadonlyMap<string, number>;
}

export interface Claim {
  readonly lease: string;
  readonly tasks: readonly ClaimedTask[];
  /** Some of the tenants that had tasks, all of them if they are few. */
  readonly tenants: readonly string[];
}

interface ClaimRow {
  readonly tenant_id: string;
  /** Null in the row that isn't a task: the report. */
  readonly ref: string | null;
  readonly key: string | null;
  readonly seq: number;
  readonly attempts: number;
  readonly trace_id: string;
  readonly lost: boolean;
  readonly turn_ended: string | null;
  /** The first tenants whose turn it was. */
  readonly turn?: readonly string[];
  readonly cut_tenants?: readonly string[];
  readonly cut_keys?: readonly string[];
  readonly lane_tenants?: readonly string[];
  readonly lane_keys?: readonly string[];
  readonly set_aside?: boolean;
}

/** Claims for one queue, and remembers whose turn is next. */
export class Claimer {
  readonly #queue: Queue;
  readonly #connection: QueueConnection;
  readonly #clock: Clock;
  #turn: Record<Mode, string> = { fresh: nil, retry: nil };
  /** Where the walk along a tenant's keys was cut off. */
  #cuts = new Map<string, string>();
  /** Claims whose answer never came. */
  readonly #unanswered = new Set<string>();

  constructor(queue: Queue, connection: QueueConnection, clock: Clock) {
    this.#queue = queue;
    this.#connection = connection;
    this.#clock = clock;
  }

  /** A pass along all tenants and keys is under way: it must come to its end before there is certainly nothing. */
  get isMidPass(): boolean {
    return this.#turn.fresh !== nil || this.#cuts.size > 0;
  }

  /** @param setAside called when tasks were found that only a retry may take */
  async claim(mode: Mode, { batch, busy, slow }: Limits, setAside: () => void): Promise<Claim> {
    const { name, keyed, leaseMs, effect } = this.#queue;
    const keyedFresh = effect === "outside" ? claimKeyedAlone : claimKeyedFresh;
    const lease = randomUUID();
    const text = { fresh: keyed ? keyedFresh : claimFresh, retry: keyed ? claimKeyedRetry : claimRetry }[mode];
    const values: unknown[] = [name, this.#turn[mode], batch, lease, leaseMs, this.#clock.offsetMs, busy];
    if (mode === "fresh") values.push([...slow.keys()], [...slow.values()]);
    if (keyed && mode === "fresh") values.push([...this.#cuts.keys()], [...this.#cuts.values()]);
    this.#unanswered.add(lease);
    let rows: ClaimRow[];
    try {
      rows = await this.#connection.query<ClaimRow>(`claim ${mode} ${keyed} ${effect}`, text, values);
    } catch (error) {
      // The database said no: nothing was taken. A FATAL one may come after the commit.
      if (error instanceof pg.DatabaseError && error.severity === "ERROR") this.#unanswered.delete(lease);
      throw error;
    }
    this.#unanswered.delete(lease);
    const report = mode === "fresh" ? rows.find(({ ref }) => ref === null) : rows[0];
    this.#turn[mode] = report?.turn_ended ?? nil;
    if (mode === "fresh") this.#cuts = new Map(report?.cut_tenants?.map((id, at) => [id, report.cut_keys?.[at] ?? ""]));
    if (report?.set_aside === true) setAside();
    const tasks = rows.flatMap((row) => toTask(row)).toSorted((a, b) => a.seq - b.seq);
    await this.#freeEmptyLanes(lease, report, tasks);
    return { lease, tasks, tenants: report?.turn ?? [] };
  }

  /** On a new connection: gives back what claims took whose answer was lost with the old one. */
  async forgetUnanswered(): Promise<void> {
    for (const lease of this.#unanswered) {
      await this.#connection.query("forget claim", forgetClaim, [this.#queue.name, lease]);
      this.#unanswered.delete(lease);
    }
  }

  /** A key whose tasks were deleted while it was being taken has a lane, and nobody who would free it. */
  async #freeEmptyLanes(lease: string, report: ClaimRow | undefined, tasks: readonly ClaimedTask[]): Promise<void> {
    const worked = new Set(tasks.map(({ tenantId, key }) => `${tenantId} ${key}`));
    const empty = (report?.lane_tenants ?? [])
      .map((tenantId, at) => ({ tenantId, key: report?.lane_keys?.[at] ?? null, ref: nil }))
      .filter(({ tenantId, key }) => !worked.has(`${tenantId} ${key}`));
    if (empty.length === 0) return;
    await freeLanes((text, values = []) => this.#connection.query("free lanes", text, values), {
      queue: this.#queue.name,
      lease,
      tasks: empty,
    });
  }
}

function toTask(row: ClaimRow): ClaimedTask[] {
  const { tenant_id: tenantId, ref, key, seq, attempts: attempt, trace_id: traceId, lost } = row;
  return ref === null ? [] : [{ tenantId, ref, key, seq, attempt, traceId, lost }];
}
