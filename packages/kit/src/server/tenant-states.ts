import type { Plan } from "../contract/plan.ts";
import type { Clock } from "./clock.ts";
import type { Logger } from "./log.ts";

/** What a tenant has agreed on. */
export interface TenantTerms {
  readonly plan: Plan;
  /** From then on it reads only; null: never. */
  readonly expiresAt: Date | null;
  /** Since when the platform lets it read only; null while it doesn't. */
  readonly suspendedAt: Date | null;
  /** What the plan doesn't say, by the names of limits; null: no limit. */
  readonly limits: Readonly<Record<string, number | null>>;
}
/** Reads the terms of one tenant, or of all. */
export type TermsReader = (tenantId?: string) => Promise<readonly (TenantTerms & { readonly id: string })[]>;

/**
 * What every process knows of the tenants' terms, in memory: who reads only is asked at each request and each claim.
 * An end that comes with time comes in all of them by itself; of what somebody changes they are told by the table's
 * trigger (`["tenant <id>"]`), and while the database is away all is as it was.
 */
export class TenantStates {
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #changed: () => void;
  #read: TermsReader | undefined;
  #terms = new Map<string, TenantTerms>();
  /** Those that read only, and until when that is so if nobody changes anything. */
  #readOnly: { readonly ids: readonly string[]; readonly untilMs: number } | undefined;
  #reading: Promise<void> = Promise.resolve();

  /** @param changed told when some tenant's terms may have changed: what waited may go on */
  constructor(clock: Clock, log: Logger, changed: () => void) {
    this.#clock = clock;
    this.#log = log;
    this.#changed = changed;
  }

  /** Said by the module that keeps them. Without one, every tenant may do everything. */
  readBy(read: TermsReader): void {
    this.#read = read;
  }

  /** One tenant's may have changed, or anybody's. */
  told(tenantId?: string): void {
    this.look(tenantId).catch((error: unknown) => this.#log.warn({ err: error }, "terms of tenants can't be read"));
  }

  /** Looks now: whoever has changed them needn't wait. One look after the other, so that the last one holds. */
  look(tenantId?: string): Promise<void> {
    this.#reading = this.#reading.catch(() => {}).then(() => this.#look(tenantId));
    return this.#reading;
  }

  /** Undefined for a tenant that nobody knows of (yet). */
  of(tenantId: string): TenantTerms | undefined {
    return this.#terms.get(tenantId);
  }

  isReadOnly(tenantId: string): boolean {
    return this.whyReadOnly(tenantId) !== undefined;
  }

  whyReadOnly(tenantId: string): "suspended" | "expired" | undefined {
    const terms = this.#terms.get(tenantId);
    return terms && whyReadOnly(terms, this.#clock.now());
  }

  /** Those that read only now. Asked at each claim, so it is told again until it may have changed. */
  get readOnlyIds(): readonly string[] {
    const nowMs = this.#clock.now().getTime();
    if (this.#readOnly === undefined || nowMs >= this.#readOnly.untilMs) this.#readOnly = this.#readOnlyAt(nowMs);
    return this.#readOnly.ids;
  }

  #readOnlyAt(nowMs: number) {
    const now = new Date(nowMs);
    const all = [...this.#terms];
    const ids = all.flatMap(([id, terms]) => (whyReadOnly(terms, now) === undefined ? [] : [id]));
    const ends = all.map(([, { expiresAt }]) => expiresAt?.getTime() ?? Infinity).filter((ms) => ms > nowMs);
    return { ids, untilMs: ends.reduce((first, ms) => Math.min(first, ms), Infinity) };
  }

  async #look(tenantId?: string): Promise<void> {
    if (this.#read === undefined) return;
    const rows = await this.#read(tenantId);
    const read = rows.map(({ id, ...terms }) => [id, terms] as const);
    if (tenantId === undefined) this.#terms = new Map(read);
    else for (const [id, terms] of read) this.#terms.set(id, terms);
    this.#readOnly = undefined;
    this.#changed();
  }
}

/** A suspension is said first: it lasts however the plan is renewed. */
export function whyReadOnly(
  { suspendedAt, expiresAt }: Pick<TenantTerms, "suspendedAt" | "expiresAt">,
  now: Date,
): "suspended" | "expired" | undefined {
  // Whatever this process's clock says: somebody has said so.
  if (suspendedAt !== null) return "suspended";
  return expiresAt !== null && expiresAt <= now ? "expired" : undefined;
}
