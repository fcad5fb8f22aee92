import { Injectable } from "@nestjs/common";
import type { LineKeeper } from "@zhanggui/kit/server/log-lines";
import type { Query } from "@zhanggui/kit/server/query";
import { Runtime } from "@zhanggui/kit/server/runtime";
import { SettingsService } from "../settings/settings.service.ts";
import { readLine, type KeptLine } from "./internal/read-line.ts";
import { keepLogs } from "./logs.settings.ts";

const writeEveryMs = 1_000;
const batch = 500;
/** What a database that is away may cost in memory: some megabytes. Lines beyond are counted, and stay on stdout. */
const mostWaiting = 5_000;
const dayMs = 86_400_000;
const tryAgainMs = 60_000;

/**
 * Keeps the lines that this process writes, for a few days, where the console can look for them. It takes them beside
 * all work: a line is a string in a list until a timer writes a batch of them, and nobody waits for that.
 */
@Injectable()
export class LogKeeper implements LineKeeper {
  #waiting: string[] = [];
  #dropped = 0;
  #writing: Promise<void> | undefined;
  #isFailing = false;
  /** The day whose part of the table this process has seen to. */
  #day = 0;
  #triedMs = 0;
  readonly #timer: NodeJS.Timeout;
  readonly #counted: { add(labels: { outcome: "kept" | "dropped" }, by?: number): void };

  constructor(
    private readonly runtime: Runtime,
    private readonly settings: SettingsService,
  ) {
    this.#counted = runtime.metrics.counter({
      name: "zg_log_lines_total",
      help: "Lines of the log that were kept for the console, and that there was no time or room to keep",
      labels: ["outcome"],
    });
    this.#timer = setInterval(() => void this.write(), writeEveryMs).unref();
    runtime.lines?.keep(this);
  }

  take(line: string): void {
    if (this.#waiting.length < mostWaiting) this.#waiting.push(line);
    else this.#dropped += 1;
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.#writing;
    await this.write();
  }

  /** Writes what waits. What can't be written is dropped: standard output has it. */
  write(): Promise<void> {
    if (this.#waiting.length === 0 && this.#dropped === 0) return Promise.resolve();
    this.#writing ??= this.#writeAll().finally(() => (this.#writing = undefined));
    return this.#writing;
  }

  /** Nightly, and with a process's first line of a day: makes today's part and tomorrow's, and drops old ones. */
  async tend(): Promise<void> {
    const keepDays = await this.settings.ofPlatform(this.runtime, keepLogs);
    const today = Math.floor(this.runtime.clock.now().getTime() / dayMs);
    const days = [today, today + 1].map((day) => new Date(day * dayMs).toISOString().slice(0, 10));
    const oldest = new Date((today - keepDays) * dayMs);
    for (const day of days) await this.#change((query) => query("SELECT logs_add_day($1)", [day]));
    const parts = await this.runtime.ownerTransaction(({ query }) =>
      query<{ part: string }>(
        `SELECT inhrelid::regclass::text AS part FROM pg_inherits WHERE inhparent = 'logs_line'::regclass
           AND inhrelid::regclass::text ~ '^logs_line_\\d{8}$' AND right(inhrelid::regclass::text, 8) < $1 ORDER BY 1`,
        [oldest.toISOString().slice(0, 10).replaceAll("-", "")],
      ),
    );
    for (const { part } of parts) await this.#change((query) => query(`DROP TABLE IF EXISTS ${part}`));
    // What came by a clock that was wrong.
    await this.runtime.ownerTransaction(({ query }) => query("DELETE FROM logs_line_default WHERE at < $1", [oldest]));
  }

  /**
   * Changes the table's parts: the table first, as whoever reads it does, so that nobody waits in a circle; and not
   * long, since readers stand in line behind it. A back-up reads for as long as it takes.
   */
  async #change(act: (query: Query) => Promise<unknown>): Promise<void> {
    await this.runtime.ownerTransaction(async ({ query }) => {
      await query("SET LOCAL lock_timeout = '3s'");
      await query("LOCK TABLE logs_line IN ACCESS EXCLUSIVE MODE");
      await act(query);
    });
  }

  /** Lines are kept all the same: today's part is there since yesterday, and what has none has the default one. */
  async #tendToday(): Promise<void> {
    const nowMs = this.runtime.clock.now().getTime();
    const day = Math.floor(nowMs / dayMs);
    if (day === this.#day || Math.abs(nowMs - this.#triedMs) < tryAgainMs) return;
    this.#triedMs = nowMs;
    try {
      await this.tend();
      this.#day = day;
    } catch (error) {
      this.#say(error, "a part of the log's table could not be made yet");
    }
  }

  async #writeAll(): Promise<void> {
    let inHand = 0;
    try {
      await this.#tendToday();
      const isKept = (await this.settings.ofPlatform(this.runtime, keepLogs)) > 0;
      while (this.#waiting.length > 0) {
        const lines = this.#waiting.splice(0, batch);
        inHand = lines.length;
        if (isKept) await this.#keep(lines.flatMap((line) => readLine(line) ?? []));
        inHand = 0;
      }
      this.#tellDropped();
      this.#isFailing = false;
    } catch (error) {
      // Standard output has them. What waits is tried again: there is room for so many and no more.
      this.#dropped += inHand;
      if (this.#isFailing) return;
      this.#isFailing = true;
      this.#say(error, "lines of the log could not be kept for the console");
    }
  }

  #say(error: unknown, message: string): void {
    const { lines, log } = this.runtime;
    lines?.unkept(() => log.warn({ err: error }, message));
  }

  /** One that the database can't take costs the others nothing. */
  async #keep(lines: readonly KeptLine[]): Promise<void> {
    try {
      await this.#insert(lines);
    } catch (error) {
      if (!isOfData(error)) throw error;
      if (lines.length < 2) this.#dropped += lines.length;
      else for (const line of lines) await this.#keep([line]);
    }
  }

  async #insert(lines: readonly KeptLine[]): Promise<void> {
    await this.runtime.ownerTransaction(({ query }) =>
      query(
        `INSERT INTO logs_line (tenant_id, id, at, level, module, message, trace_id, fields)
         SELECT * FROM jsonb_to_recordset($1::jsonb) AS line (tenant_id uuid, id uuid, at timestamptz, level text,
           module text, message text, trace_id text, fields jsonb)`,
        [JSON.stringify(lines)],
      ),
    );
    this.#counted.add({ outcome: "kept" }, lines.length);
  }

  #tellDropped(): void {
    if (this.#dropped === 0) return;
    const dropped = this.#dropped;
    this.#dropped = 0;
    this.#counted.add({ outcome: "dropped" }, dropped);
    // Kept: whoever searches learns that something is missing.
    this.runtime.log.warn(
      { dropped },
      "lines of the log were not kept for the console: too many at once, or no database",
    );
  }
}

/** SQLSTATE class 22: what was sent, not the database, is wrong. */
function isOfData(error: unknown): boolean {
  return error instanceof Error && "code" in error && typeof error.code === "string" && error.code.startsWith("22");
}
