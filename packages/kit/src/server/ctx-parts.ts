import { randomUUID } from "node:crypto";
import type { Clock } from "./clock.ts";
import type { Actor, CtxParts } from "./ctx.ts";
import type { Database } from "./database.ts";
import type { Logger } from "./log.ts";
import type { TenantWork } from "./owner-transaction.ts";

const systemPermissions: ReadonlySet<string> = new Set();
/** What a ctx does by the runtime that opened it. */
export interface CtxMeans extends Pick<CtxParts, "database" | "emit" | "enqueue" | "queueTasks" | "committed"> {
  readonly clock: Clock;
  readonly log: Logger;
}

/** Of work that nobody stops. */
const never = new AbortController().signal;

/** What a ctx is made of. A class, for what `AnyCtx` is one. */
export class RuntimeParts implements CtxParts {
  readonly tenantId: string;
  readonly actor: Actor;
  readonly traceId: string;
  readonly source: string;
  readonly agent: string;
  readonly signal: AbortSignal;
  readonly #means: CtxMeans;
  readonly #act: string | undefined;
  readonly #callId: string | undefined;
  #log: Logger | undefined;
  #audit: string | undefined;

  constructor(means: CtxMeans, work: TenantWork) {
    this.#means = means;
    this.tenantId = work.tenantId;
    this.actor = work.actor ?? itself;
    this.traceId = work.traceId ?? newTraceId();
    this.source = work.source ?? "";
    this.agent = work.agent ?? "";
    this.signal = work.signal ?? never;
    this.#act = work.act;
    this.#callId = work.callId;
  }

  get database(): Database {
    return this.#means.database;
  }

  /** Most ctxs of a worker never log, and making a logger is the dearest part of making a ctx. */
  get log(): Logger {
    this.#log ??= this.#means.log.child({ tenantId: this.tenantId, traceId: this.traceId });
    return this.#log;
  }

  get audit(): string {
    const { actor, source, traceId } = this;
    const { kind, id, name, impersonator: { id: impersonatorId, name: impersonatorName } = {} } = actor;
    const [act, callId] = [this.#act, this.#callId];
    this.#audit ??= JSON.stringify({ kind, id, name, source, traceId, act, callId, impersonatorId, impersonatorName });
    return this.#audit;
  }

  // A property, for a scope of the database takes it along by itself.
  readonly now = (): Date => this.#means.clock.now();

  emit(...words: Parameters<CtxParts["emit"]>): Promise<string[]> {
    return this.#means.emit(...words);
  }

  enqueue(...words: Parameters<CtxParts["enqueue"]>): Promise<string> {
    return this.#means.enqueue(...words);
  }

  queueTasks(...words: Parameters<CtxParts["queueTasks"]>): Promise<void> {
    return this.#means.queueTasks(...words);
  }

  committed(queued: ReadonlySet<string>): void {
    this.#means.committed(queued);
  }
}

/** The system itself, or the part of it that `id` names. */
export function system(id: string): Actor {
  return { kind: "system", id, name: id, permissions: systemPermissions };
}

/** A trace id as W3C Trace Context writes it: 32 hex digits. Of a UUID: Node keeps random bytes in store for these. */
export function newTraceId(): string {
  return randomUUID().replaceAll("-", "");
}

const itself = system("system");
