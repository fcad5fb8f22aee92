import type { Logger } from "./log.ts";
import type { Query } from "./query.ts";

/** When nobody has said when it ends, callers come again after this long. */
const usualRetrySeconds = 60;

/** The server is closed for work on it. */
export interface MaintenanceState {
  readonly since: Date;
  /** For people, in both languages; may be empty. */
  readonly messageZh: string;
  readonly messageEn: string;
  /** When it is expected to be over. */
  readonly endsAt: Date | null;
  readonly begunBy: string;
}

/** How it stands; undefined while the server is open. */
export async function readMaintenance(query: Query): Promise<MaintenanceState | undefined> {
  const [state] = await query<MaintenanceState>(
    `SELECT since, message_zh AS "messageZh", message_en AS "messageEn", ends_at AS "endsAt", begun_by AS "begunBy"
     FROM kit_maintenance WHERE is_on`,
  );
  return state;
}

/** Closes the server, or says anew why and until when. Every process is told at once, by the table's trigger. */
export async function beginMaintenance(query: Query, state: MaintenanceState): Promise<void> {
  const { since, messageZh, messageEn, endsAt, begunBy } = state;
  await query(
    `INSERT INTO kit_maintenance (since, message_zh, message_en, ends_at, begun_by) VALUES ($1, $2, $3, $4, $5)
     ON CONFLICT (is_on) DO UPDATE
     SET message_zh = excluded.message_zh, message_en = excluded.message_en, ends_at = excluded.ends_at`,
    [since, messageZh, messageEn, endsAt, begunBy],
  );
}

/** Opens it again. False if it was open. */
export async function endMaintenance(query: Query): Promise<boolean> {
  return (await query("DELETE FROM kit_maintenance RETURNING is_on")).length > 0;
}

/** In how many seconds callers should come again. */
export function retrySeconds({ endsAt }: MaintenanceState, now: Date): number {
  if (endsAt === null) return usualRetrySeconds;
  return Math.max(usualRetrySeconds, Math.ceil((endsAt.getTime() - now.getTime()) / 1000));
}

/**
 * What this process knows of it. Whoever changes it wakes the others, which look; while the database is away, it is as
 * it was.
 */
export class Maintenance {
  readonly #query: Query;
  readonly #log: Logger;
  readonly #changed: (isOn: boolean) => void;
  #state: MaintenanceState | undefined;

  /** @param changed told each time that it begins or ends */
  constructor(query: Query, log: Logger, changed: (isOn: boolean) => void) {
    this.#query = query;
    this.#log = log;
    this.#changed = changed;
  }

  get state(): MaintenanceState | undefined {
    return this.#state;
  }

  /** It may have changed: another process said so, or wasn't heard for a while. */
  told(): void {
    this.look().catch((error: unknown) => this.#log.warn({ err: error }, "whether there is maintenance can't be read"));
  }

  /** Looks now: whoever has changed it needn't wait. */
  async look(): Promise<void> {
    const before = this.#state;
    this.#state = await readMaintenance(this.#query);
    const isOn = this.#state !== undefined;
    if (isOn === (before !== undefined)) return;
    this.#log.info({ isOn, ...this.#state }, isOn ? "maintenance begins" : "maintenance is over");
    this.#changed(isOn);
  }
}
