import { AsyncLocalStorage } from "node:async_hooks";
import { Claimer, type Claim, type Mode } from "./claimer.ts";
import type { QueueConnection } from "./connection.ts";
import type { Queue } from "./definition.ts";
import { type ClaimedTask, LeaseLost, type Run, type RunEnvironment, Stopped } from "./environment.ts";
import { Pace } from "./pace.ts";
import { runForward } from "./run-forward.ts";
import { runInside } from "./run-inside.ts";
import { runOutside } from "./run-outside.ts";
import { renewLease } from "./settlements.ts";
import type { Slots } from "./slots.ts";

const pauseAfterErrorMs = 1000;

/** What of a claim runs together. */
interface Part {
  readonly isSlow: boolean;
  readonly tasks: readonly ClaimedTask[];
}

/**
 * Works off one queue in one process. A wake-up starts one claim, a well-filled claim the next one; it goes on until a
 * claim that began after the last wake-up finds nothing.
 */
export class QueueWorker {
  readonly queue: Queue;
  readonly #connection: QueueConnection;
  readonly #environment: RunEnvironment;
  readonly #slots: Slots;
  readonly #claimer: Claimer;
  readonly #running = new Map<Promise<void>, AbortController>();
  /** Those of them with tasks of slow tenants. */
  readonly #slow = new Set<Promise<void>>();
  /** Renews the leases of what runs. */
  readonly #renewals = new Set<() => void>();
  /** Runs of a tenant that are under way. */
  readonly #perTenant = new Map<string, number>();
  readonly #pace = new Pace();
  /** Who had something when last looked. */
  #tenants: readonly string[] = [];
  readonly #wanted: Record<Mode, boolean> = { fresh: false, retry: false };
  /** Runs have nothing to do with the transaction in which somebody woke the worker. */
  readonly #apart = AsyncLocalStorage.snapshot();
  #lastMode: Mode = "retry";
  #pumping: Promise<void> | undefined;
  #pause: NodeJS.Timeout | undefined;
  #users = 0;
  #stopping = false;
  #rests = false;
  #claimed = 0;

  constructor(queue: Queue, connection: QueueConnection, environment: RunEnvironment, slots: Slots) {
    this.queue = queue;
    this.#connection = connection;
    this.#environment = environment;
    this.#slots = slots;
    this.#claimer = new Claimer(queue, connection, environment.clock);
  }

  start(): void {
    this.#users += 1;
    this.wake({ retry: true });
  }

  /** There may be something new; with `retry` also something that was tried before. */
  wake({ retry }: { retry: boolean }): void {
    this.#wanted.fresh = true;
    if (retry) this.#wanted.retry = true;
    this.#tenants = [];
    void this.#pump();
  }

  /** Claims nothing while it rests. */
  rest(rests: boolean): void {
    this.#rests = rests;
    if (!rests && this.#users > 0) this.wake({ retry: true });
  }

  /** Something of this queue was taken away: what runs looks whether it is meant. */
  withdraw(): void {
    for (const renew of this.#renewals) renew();
  }

  /** Claims no more and lets what runs come to its end; when `deadline` is aborted, cuts it off. */
  async stop(deadline: AbortSignal): Promise<void> {
    this.#stopping = true;
    clearTimeout(this.#pause);
    const cutOff = (): void => {
      for (const controller of this.#running.values()) controller.abort(new Stopped("the process ends"));
    };
    if (deadline.aborted) cutOff();
    deadline.addEventListener("abort", cutOff);
    await this.#pumping;
    await Promise.all(this.#running.keys());
    deadline.removeEventListener("abort", cutOff);
  }

  /** Whether it claims, or something that it claimed runs. */
  get isAtWork(): boolean {
    return this.#pumping !== undefined || this.#running.size > 0;
  }

  /** Works off what is ready, and waits for it. True if there was something. */
  async drain(): Promise<boolean> {
    const before = this.#claimed;
    this.#users += 1;
    for (let seen = -1; seen !== this.#claimed;) {
      seen = this.#claimed;
      this.#wanted.fresh = this.#wanted.retry = true;
      do {
        await this.#pump();
        await Promise.all(this.#running.keys());
      } while (this.isAtWork);
    }
    this.#users -= 1;
    return this.#claimed > before;
  }

  /** On a new connection: whatever was announced meanwhile was not heard. */
  async reconnected(): Promise<void> {
    await this.#claimer.forgetUnanswered();
    if (this.#users > 0) this.wake({ retry: true });
  }

  #pump(): Promise<void> {
    this.#pumping ??= this.#apart(() => this.#claimWhileWanted()).finally(() => (this.#pumping = undefined));
    return this.#pumping;
  }

  async #claimWhileWanted(): Promise<void> {
    // Once `#pumping` is set: several wake-ups of one moment make one claim.
    await Promise.resolve();
    while (this.#users > 0 && !this.#stopping && !this.#rests && this.#room > 0) {
      const mode = this.#nextMode();
      if (mode === undefined || (mode === "fresh" && !this.#isWorthALook())) return;
      const isInside = this.queue.effect === "inside";
      if (isInside) await this.#slots.acquire();
      let began = false;
      try {
        const claim = await this.#claim(mode);
        began = claim.tasks.length > 0;
        if (began) this.#begin(mode, claim);
      } catch (error) {
        this.#pauseAfter(error);
        return;
      } finally {
        if (isInside && !began) this.#slots.release();
      }
    }
  }

  /** What to look for next; in turn when both are wanted. */
  #nextMode(): Mode | undefined {
    const fresh = this.#wanted.fresh || this.#claimer.isMidPass;
    const { retry } = this.#wanted;
    if (fresh && retry) return this.#lastMode === "fresh" ? "retry" : "fresh";
    return fresh ? "fresh" : retry ? "retry" : undefined;
  }

  /** False while the only tenants with something to do have as much under way as they may: a run's end wakes then. */
  #isWorthALook(): boolean {
    return this.#tenants.length === 0 || this.#tenants.some((id) => !this.#isBusy(id));
  }

  /** It has as much under way as it may; or it is slow, and the slow ones together have. */
  #isBusy(tenantId: string): boolean {
    const isFull = (this.#perTenant.get(tenantId) ?? 0) >= this.queue.concurrencyPerTenant;
    return isFull || (this.#slow.size >= Math.max(1, this.#roomForSlow) && this.#pace.isSlow(tenantId));
  }

  /** Transactions of slow tenants come on top of the others', half as many: they mostly wait, and take nothing away. */
  get #roomForSlow(): number {
    return this.queue.effect === "inside" ? Math.floor(this.queue.concurrency / 2) : 0;
  }

  /** How many more may run. */
  get #room(): number {
    return this.queue.concurrency - this.#running.size + Math.min(this.#slow.size, this.#roomForSlow);
  }

  async #claim(mode: Mode): Promise<Claim> {
    this.#lastMode = mode;
    // Before the look, for what comes while it goes on; and a pass that is under way began before the wake-up.
    if (mode === "retry" || !this.#claimer.isMidPass) this.#wanted[mode] = false;
    const { concurrencyPerTenant, batch, effect } = this.queue;
    const slow = this.#pace.slow();
    const busy = [...new Set([...this.#perTenant.keys(), ...slow.keys()])].filter((tenantId) => this.#isBusy(tenantId));
    if (this.queue.waitsWhileReadOnly) busy.push(...this.#environment.readOnlyIds());
    const most = Math.max(0, ...[...this.#perTenant.values()].filter((runs) => runs < concurrencyPerTenant));
    const sizes = {
      inside: Math.min(batch, this.#pace.usualBatch()),
      outside: Math.min(this.#room, concurrencyPerTenant - most),
      forward: batch,
    };
    const size = sizes[effect];
    const claim = await this.#claimer.claim(mode, { batch: size, busy, slow }, () => (this.#wanted.retry = true));
    this.#claimed += claim.tasks.length;
    if (mode === "fresh") this.#tenants = claim.tenants;
    // There is more where this came from; less than that is looked for when a run has ended.
    if (claim.tasks.length > 0 && (mode === "retry" || claim.tasks.length * 2 >= size)) this.#wanted[mode] = true;
    return claim;
  }

  #begin(mode: Mode, { lease, tasks }: Claim): void {
    const parts = this.#partsOf(tasks);
    for (const { isSlow, tasks: part } of parts) {
      const controller = new AbortController();
      const tenants = new Set(part.map(({ tenantId }) => tenantId));
      const [tenantId] = tenants;
      // In a shared transaction nobody has much.
      const owner = tenants.size === 1 ? tenantId : undefined;
      if (owner !== undefined) this.#perTenant.set(owner, (this.#perTenant.get(owner) ?? 0) + 1);
      // After a retry, something new is free only if the run says so; and a batch may have left something behind it.
      let more = mode === "fresh";
      const running = this.#run(lease, part, controller, () => (more = true)).finally(() => {
        this.#running.delete(running);
        this.#slow.delete(running);
        if (owner !== undefined) this.#count(owner, -1);
        if (this.queue.effect === "inside") this.#slots.release();
        if (mode === "retry") this.#wanted.retry = true;
        if (more) this.#wanted.fresh = true;
        this.#tenants = [];
        void this.#pump();
      });
      this.#running.set(running, controller);
      if (isSlow) this.#slow.add(running);
    }
  }

  #partsOf(tasks: readonly ClaimedTask[]): Part[] {
    const { effect } = this.queue;
    if (effect === "inside") return this.#split(tasks);
    if (effect === "forward") return tasks.length === 0 ? [] : [{ isSlow: false, tasks }];
    return tasks.map((task) => ({ isSlow: false, tasks: [task] }));
  }

  /** Slow tenants apart from each other, as far as there is room for them, and in any case apart from the rest. */
  #split(tasks: readonly ClaimedTask[]): Part[] {
    const byTenant = [...Map.groupBy(tasks, ({ tenantId }) => tenantId)].map(([tenantId, part]) => ({
      isSlow: this.#pace.isSlow(tenantId),
      tasks: part,
    }));
    const slow = byTenant.filter(({ isSlow }) => isSlow);
    const rest = byTenant.filter(({ isSlow }) => !isSlow);
    const parts: Part[] = [];
    // The last part goes by the slot that the claim itself took.
    const mayAdd = (isLast: boolean): boolean => isLast || this.#slots.tryAcquire();
    while (slow.length > 0) {
      const isFull = this.#slow.size + parts.length + 1 >= this.#roomForSlow;
      const some = isFull ? slow.splice(0) : slow.splice(0, 1);
      if (mayAdd(slow.length + rest.length === 0)) parts.push(together(some));
      else rest.push(...some);
    }
    if (rest.length > 0) parts.push({ ...together(rest), isSlow: false });
    return parts;
  }

  async #run(
    lease: string,
    tasks: readonly ClaimedTask[],
    controller: AbortController,
    foundMore: () => void,
  ): Promise<void> {
    const until = performance.now() + this.#pace.budgetMs(tasks.map(({ tenantId }) => tenantId));
    const run: Run = {
      queue: this.queue,
      lease,
      tasks,
      signal: controller.signal,
      foundMore,
      took: (tenantId, ms) => this.#pace.note(tenantId, ms),
      shouldYield: () => this.#stopping || performance.now() > until,
    };
    const renew = (): void => void this.#renew(run, controller);
    const renewal = setInterval(renew, this.queue.leaseMs / 3).unref();
    this.#renewals.add(renew);
    try {
      const [only] = tasks;
      if (this.queue.effect === "inside") await runInside(run, this.#environment);
      else if (this.queue.effect === "forward") await runForward(run, this.#environment);
      else if (only !== undefined) await runOutside(run, only, this.#environment);
    } catch (error) {
      // Runs settle their own failures; whatever comes here left its lease to run out.
      this.#environment.log.error({ err: error, queue: this.queue.name }, "a run broke off");
    } finally {
      clearInterval(renewal);
      this.#renewals.delete(renew);
    }
  }

  /** Holds on to what a long run has claimed; ends the run if others have it. */
  async #renew(run: Run, controller: AbortController): Promise<void> {
    const refs = run.tasks.map(({ ref }) => ref);
    const { name, leaseMs } = this.queue;
    const values = [name, refs, run.lease, leaseMs, this.#environment.clock.offsetMs];
    try {
      const held = await this.#connection.query("renew", renewLease, values);
      if (held.length < refs.length) controller.abort(new LeaseLost("others work on it, or it was cancelled"));
    } catch (error) {
      this.#environment.log.warn({ err: error, queue: name }, "a lease was not renewed");
    }
  }

  #pauseAfter(error: unknown): void {
    if (this.#stopping) return;
    this.#environment.log.error({ err: error, queue: this.queue.name }, "a claim failed");
    clearTimeout(this.#pause);
    this.#pause = setTimeout(() => this.wake({ retry: true }), pauseAfterErrorMs).unref();
  }

  #count(tenantId: string, change: number): void {
    const runs = (this.#perTenant.get(tenantId) ?? 0) + change;
    if (runs > 0) this.#perTenant.set(tenantId, runs);
    else this.#perTenant.delete(tenantId);
  }
}

function together(parts: readonly Part[]): Part {
  return { isSlow: true, tasks: parts.flatMap(({ tasks }) => tasks).toSorted((a, b) => a.seq - b.seq) };
}
