import { chinaDay } from "../clock.ts";
import { quotaRules } from "../wechat/limits.ts";
import type { Rulebook } from "../wechat/rules.ts";
import type { Account } from "./model.ts";

/** What quotas are counted in. */
interface Counting {
  readonly counters: Map<string, number>;
  readonly rules: Rulebook;
  count(kind: string): number;
  now(): number;
}

/** A call with its limits. */
interface Limited {
  path: string;
  quota?: string;
  perDay?: number;
  perMinute?: number;
}

/** How much of its quotas an account has used: of the day and of the minute, in China's time. */
export class Quotas {
  private readonly state: Counting;

  constructor(state: Counting) {
    this.state = state;
  }

  /** Calls a day; Infinity: no limit is known. */
  limitOfDay({ path, perDay = Infinity }: Limited, account: Account): number {
    return account.dailyLimits[path] ?? perDay;
  }

  usedToday({ path, quota = path }: Limited, account: Account): number {
    return this.state.counters.get(this.dayKey(quota, account)) ?? 0;
  }

  /** Counts a call; false when the day's limit is over. */
  spendOfDay(route: Limited, account: Account): boolean {
    const limit = this.limitOfDay(route, account);
    // What is refused doesn't count: "used" never passes "daily_limit".
    if (this.usedToday(route, account) >= limit) return false;
    this.state.count(this.dayKey(route.quota ?? route.path, account));
    return true;
  }

  /** Counts a call; false when the minute's limit is over. */
  spendOfMinute({ path, perMinute = Infinity }: Limited, account: Account): boolean {
    return this.countOfMinute(`${account.appid} ${path}`) <= perMinute;
  }

  /** Counts something, and tells how often it was in this minute. */
  countOfMinute(key: string): number {
    const minute = Math.floor(this.state.now() / 60_000);
    const known = this.minutes.get(key);
    const count = known?.minute === minute ? known.count + 1 : 1;
    if (known?.minute !== minute && this.minutes.size > 10_000) this.minutes.clear();
    this.minutes.set(key, { minute, count });
    return count;
  }

  /** Times that the account's quotas were cleared this month. */
  clearsThisMonth(account: Account): number {
    return this.state.counters.get(this.clearKey(account)) ?? 0;
  }

  /** Sets today's counts to nothing: of all calls, or of one. @throws Refusal 48006 */
  clear(account: Account, path?: string): void {
    this.state.rules.within(quotaRules.clearsPerMonth, this.clearsThisMonth(account) + 1);
    this.state.count(this.clearKey(account));
    if (path !== undefined) return void this.state.counters.delete(this.dayKey(path, account));
    const day = this.today();
    for (const key of this.state.counters.keys())
      if (key.startsWith(`${account.appid} /`) && key.endsWith(` ${day}`)) this.state.counters.delete(key);
  }

  private readonly minutes = new Map<string, { minute: number; count: number }>();

  private today(): string {
    return chinaDay(new Date(this.state.now()));
  }

  private dayKey(path: string, account: Account): string {
    return `${account.appid} ${path} ${this.today()}`;
  }

  private clearKey(account: Account): string {
    return `${account.appid} cleared ${this.today().slice(0, 7)}`;
  }
}

/** A number of calls that JSON can hold: WeChat answers a very large one where there is no limit. */
export function asLimit(limit: number): number {
  return Number.isFinite(limit) ? limit : 1_000_000_000;
}
