import type { Logger } from "../log.ts";
import { Changes } from "../changes.ts";
import type { Told } from "../told.ts";
import { makeReady } from "./claims.ts";
import { QueueConnection } from "./connection.ts";
import {
  completeQueue,
  type ForwardQueue,
  type InsideQueue,
  type OutsideQueue,
  type QueueDefinition,
  withdrawal,
} from "./definition.ts";
import type { RunEnvironment } from "./environment.ts";
import { Slots } from "./slots.ts";
import { TaskVacuum } from "./vacuum.ts";
import { QueueWorker } from "./worker.ts";

/** What was announced and not heard, and what became due, is found by then. */
const pollMs = 2000;
/** A process that works off nothing asks so often whether its connection still is one: else it would hear nothing. */
const askEveryMs = 5000;
/** Announcements are gathered for so long; the first after a silence goes out at once … */
const announceEveryMs = 5;
/** … and while they come one after the other, for this long: who listens is at work then. */
const announceAtMostEveryMs = 20;
/** What isn't about queues goes along with the next announcement, or by itself after this long. */
const tellAfterMs = 500;
/** How much one look makes ready. */
const readyAtOnce = 1000;

export interface StopOptions {
  /** What still runs then is cut off. */
  readonly deadlineMs?: number;
}

/** A queue with something to do, and how much of it a look made ready. */
interface Found {
  readonly queue: string;
  readonly made_ready: number;
}

/** All queues of a process: one connection claims, listens and polls for them. */
export class Queues {
  readonly #definitions = new Map<string, QueueDefinition>();
  /** Made when work begins: until then definitions may still grow. */
  readonly #workers = new Map<string, QueueWorker>();
  readonly #connection: QueueConnection;
  readonly #environment: RunEnvironment;
  readonly #log: Logger;
  readonly #slots: Slots;
  readonly #vacuum: TaskVacuum;
  #poll: NodeJS.Timeout | undefined;
  #asking: NodeJS.Timeout | undefined;
  #looking: Promise<void> = Promise.resolve();
  #works = false;
  #ended: Promise<void> | undefined;
  #isEnding = false;
  #isStopped = false;
  #rests = false;
  /** Those that rest by themselves. */
  readonly #resting = new Set<string>();
  readonly #toAnnounce = new Set<string>();
  /** What statements are called where they are prepared. */
  readonly #named = new Map<string, string>();
  #announcing: NodeJS.Timeout | undefined;
  #telling: NodeJS.Timeout | undefined;
  /** What of tenants has changed, as their listeners in all processes are told. */
  readonly changes = new Changes(() => (this.#telling ??= this.#tellSoon()));
  #announcedAt = -Infinity;
  #announceEveryMs = announceEveryMs;

  /**
   * @param transactions how many transactions the queues may have open at once
   * @param told who is told what in announcements is about no queue
   */
  constructor(url: string, environment: RunEnvironment, transactions: number, told: Told) {
    const { log, query, runs } = environment;
    this.#log = log;
    this.#vacuum = new TaskVacuum(query, log);
    this.#environment = {
      ...environment,
      runs: {
        add: (labels, by = 1) => {
          runs.add(labels, by);
          if (labels.outcome !== "failed") this.#vacuum.noteDeleted(by);
        },
      },
    };
    this.#slots = new Slots(transactions);
    this.#connection = new QueueConnection(url, environment.log, {
      woken: (entries) => {
        this.#wakeOwn(entries.filter((entry) => !told.heard(entry) && !this.changes.heard(entry)));
      },
      connected: () => {
        told.missed();
        return this.#connected();
      },
    });
  }

  add<Item, Result>(definition: InsideQueue<Item> | OutsideQueue<Item, Result> | ForwardQueue<Item>): void {
    if (this.#definitions.has(definition.name)) throw new Error(`there is a queue ${definition.name} already`);
    this.#definitions.set(definition.name, definition);
    if (this.#works && !this.#isEnding) this.#workerOf(definition.name)?.start();
  }

  get(name: string): QueueDefinition | undefined {
    return this.#definitions.get(name);
  }

  get names(): string[] {
    return [...this.#definitions.keys()];
  }

  /** Former names with the present ones. */
  get aliases(): [former: string, name: string][] {
    return [...this.#definitions.values()].flatMap(({ name, aliases = [] }) =>
      aliases.map((former): [string, string] => [former, name]),
    );
  }

  async start({ work }: { work: boolean }): Promise<void> {
    await this.#connection.open();
    clearInterval(this.#asking);
    // What can't be asked is lost and made anew by the connection itself.
    if (!work) {
      this.#asking = setInterval(() => void this.query("SELECT", []).catch(() => {}), askEveryMs).unref();
      return;
    }
    this.#works = true;
    for (const name of this.names) this.#workerOf(name)?.start();
    this.#schedulePoll();
  }

  /** Claims no more; what runs may end until the deadline, and is cut off then. Others are still told of new work. */
  stopWork(options?: StopOptions): Promise<void> {
    this.#ended ??= this.#endWork(options);
    return this.#ended;
  }

  async #endWork({ deadlineMs = 10_000 }: StopOptions = {}): Promise<void> {
    this.#isEnding = true;
    clearTimeout(this.#poll);
    const deadline = new AbortController();
    const timer = setTimeout(() => deadline.abort(), deadlineMs);
    await Promise.all([...this.#workers.values()].map((worker) => worker.stop(deadline.signal)));
    clearTimeout(timer);
    await Promise.all([this.#looking, this.#vacuum.end()]);
  }

  async stop(options?: StopOptions): Promise<void> {
    await this.stopWork(options);
    if (this.#isStopped) return;
    this.#isStopped = true;
    clearInterval(this.#asking);
    await this.#announceNow();
    await this.#connection.close();
  }

  /** Something was put into these queues, and committed: wakes this process's workers, and tells the others. */
  wake(queues: Iterable<string>): void {
    const names = [...queues];
    if (names.length === 0 || this.#isStopped) return;
    if (this.#works) this.#wakeOwn(names);
    this.tell(names);
  }

  /** Tells the other processes: of queues, or what somebody there listens to. */
  tell(entries: readonly string[]): void {
    if (this.#isStopped) return;
    for (const entry of entries) this.#toAnnounce.add(entry);
    if (this.#announcing !== undefined) return;
    const sinceMs = performance.now() - this.#announcedAt;
    if (sinceMs >= this.#announceEveryMs) {
      this.#announceEveryMs = announceEveryMs;
      void this.#announceNow();
      return;
    }
    this.#announcing = setTimeout(() => void this.#announceNow(), this.#announceEveryMs - sinceMs);
    this.#announceEveryMs = Math.min(announceAtMostEveryMs, 2 * this.#announceEveryMs);
  }

  /** Claims nothing more, or goes on with what has gathered meanwhile; what is under way ends as ever. */
  rest(rests: boolean): void {
    this.#rests = rests;
    for (const [name, worker] of this.#workers) worker.rest(rests || this.#resting.has(name));
  }

  /** What was passed over before may be there to be claimed now. */
  wakeAll(): void {
    if (this.#works && !this.#isEnding) for (const worker of this.#workers.values()) worker.wake({ retry: true });
  }

  /** The same for one queue in this process: what it needs isn't there, or is there again. */
  restOne(name: string, rests: boolean): void {
    if (rests) this.#resting.add(name);
    else this.#resting.delete(name);
    this.#workers.get(name)?.rest(rests || this.#rests);
  }

  /** Whether the connection that it listens on is there. */
  get listens(): boolean {
    return this.#connection.stands;
  }

  /** On the connection that never waits for the pool's. Texts are prepared: they are few. */
  query<Row>(text: string, values: readonly unknown[]): Promise<Row[]> {
    const name = this.#named.get(text) ?? `own ${this.#named.size}`;
    this.#named.set(text, name);
    return this.#connection.query<Row>(name, text, values);
  }

  /** For tests: works off everything that is ready by the server's clock. True if there was something. */
  async drain(): Promise<boolean> {
    let worked = false;
    const found = new Set((await this.#look()).map(({ queue }) => queue));
    for (const name of this.names) {
      // To ask each of dozens of queues by itself would take most of a test's time.
      const mayHaveWork = found.has(name) || this.#workers.get(name)?.isAtWork === true;
      if (mayHaveWork && (await this.#workerOf(name)?.drain())) worked = true;
    }
    return worked;
  }

  #workerOf(name: string): QueueWorker | undefined {
    const definition = this.#definitions.get(name);
    let worker = this.#workers.get(name);
    if (worker === undefined && definition !== undefined) {
      worker = new QueueWorker(completeQueue(definition), this.#connection, this.#environment, this.#slots);
      worker.rest(this.#rests || this.#resting.has(name));
      this.#workers.set(name, worker);
    }
    return worker;
  }

  async #announceNow(): Promise<void> {
    clearTimeout(this.#announcing);
    clearTimeout(this.#telling);
    this.#announcing = undefined;
    this.#telling = undefined;
    const entries = [...this.#toAnnounce, ...this.changes.untold()];
    if (entries.length === 0) return;
    this.#announcedAt = performance.now();
    this.#toAnnounce.clear();
    await this.#connection.announce(entries);
  }

  #tellSoon(): NodeJS.Timeout {
    return setTimeout(() => void this.#announceNow(), tellAfterMs).unref();
  }

  #wakeOwn(queues: readonly string[]): void {
    if (!this.#works || this.#isEnding) return;
    for (const name of queues) {
      if (name.startsWith(withdrawal)) this.#workers.get(name.slice(withdrawal.length))?.withdraw();
      else this.#workers.get(name)?.wake({ retry: false });
    }
  }

  async #connected(): Promise<void> {
    this.changes.heardNothing();
    for (const worker of this.#workers.values()) await worker.reconnected();
  }

  #schedulePoll(): void {
    if (this.#isEnding) return;
    this.#poll = setTimeout(() => {
      this.#looking = this.#look()
        .then(
          () => {},
          (error: unknown) => this.#log.warn({ err: error }, "looking for due work failed"),
        )
        .finally(() => this.#schedulePoll());
    }, pollMs);
  }

  /** Makes ready what is due, and wakes the queues where there is something. What the last look found. */
  async #look(): Promise<Found[]> {
    for (;;) {
      const rows = await this.#connection.query<Found>("make ready", makeReady, [
        this.#environment.clock.offsetMs,
        this.names,
        readyAtOnce,
      ]);
      const others: string[] = [];
      let most = 0;
      for (const { queue, made_ready: count } of rows) {
        most += count;
        const worker = this.#workers.get(queue);
        if (worker === undefined) others.push(queue);
        else if (this.#works) worker.wake({ retry: true });
      }
      // Made ready here, worked off elsewhere.
      if (others.length > 0) void this.#connection.announce(others);
      if (most < readyAtOnce || this.#isEnding) return rows;
    }
  }
}
