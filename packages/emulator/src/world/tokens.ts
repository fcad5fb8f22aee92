import { chinaDay, type EmulatorClock } from "../clock.ts";
import type { SeededRandom } from "../random.ts";
import type { SavedTokens } from "../memory/shape.ts";
import { tokenRules } from "../wechat/limits.ts";
import type { Rulebook } from "../wechat/rules.ts";

export type TokenKind = "token" | "stable_token";

interface Token {
  value: string;
  appid: string;
  kind: TokenKind;
  /** When its 7,200 seconds are over. */
  expiresAt: number;
  /** When it stopped, or stops, for another reason; null: for none. */
  endsAt: number | null;
}

interface ForcedRefreshes {
  day: string;
  count: number;
  lastAt: number;
}

export type TokenState = { state: "valid"; appid: string } | { state: "expired" | "invalid" };

/**
 * Who holds which access token. The tokens of `token` and `stable_token` never touch each other; of each kind an
 * account has one current token and, for five minutes after a renewal, the one before.
 */
export class TokenBook {
  private readonly clock: EmulatorClock;
  private readonly random: SeededRandom;
  private readonly rules: Rulebook;
  private readonly tokens = new Map<string, Token>();
  private readonly current = new Map<string, Token>();
  private readonly forced = new Map<string, ForcedRefreshes>();

  constructor(clock: EmulatorClock, random: SeededRandom, rules: Rulebook) {
    this.clock = clock;
    this.random = random;
    this.rules = rules;
  }

  /** GET /cgi-bin/token: always a new token; the one before goes on for five minutes. */
  issue(appid: string): { value: string; expiresInSeconds: number } {
    return this.answer(this.renew(appid, "token"));
  }

  /** What a token fetched elsewhere at the same moment does to this one, without the usual overlap. */
  outrun(value: string): void {
    const token = this.tokens.get(value);
    if (token === undefined || !this.isLive(token)) return;
    token.endsAt = this.now();
    if (this.current.get(`${token.kind} ${token.appid}`) === token) this.renew(token.appid, token.kind);
    token.endsAt = this.now();
  }

  /** POST /cgi-bin/stable_token: the current token, or a new one when it is due, forced or was voided. */
  issueStable(appid: string, forceRefresh: boolean): { value: string; expiresInSeconds: number } {
    const now = this.now();
    const current = this.current.get(`stable_token ${appid}`);
    // One from a time that is still to come, since the clock was turned back, is nobody's current one.
    const ahead = now + this.rules.number(tokenRules.lifeSeconds) * 1000;
    const usable = current !== undefined && this.isLive(current) && current.expiresAt <= ahead;
    if (usable && forceRefresh && this.mayForce(appid)) return this.answer(this.renew(appid, "stable_token"));
    const due = !usable || current.expiresAt - now <= this.rules.number(tokenRules.renewBeforeSeconds) * 1000;
    return this.answer(due ? this.renew(appid, "stable_token") : current);
  }

  /** What a call that carries `value` is to be told. */
  look(value: string): TokenState {
    const token = this.tokens.get(value);
    if (token === undefined) return { state: "invalid" };
    if (this.isLive(token)) return { state: "valid", appid: token.appid };
    const replacedFirst = token.endsAt !== null && token.endsAt < token.expiresAt;
    return { state: replacedFirst ? "invalid" : "expired" };
  }

  /** Stops an account's tokens at once (of one kind, or all), as WeChat now and then does. Returns how many. */
  void(appid: string, kind?: TokenKind): number {
    const stopped = [...this.tokens.values()].filter(
      (token) => token.appid === appid && (kind === undefined || token.kind === kind) && this.isLive(token),
    );
    for (const token of stopped) token.endsAt = this.now();
    return stopped.length;
  }

  save(): SavedTokens {
    return {
      tokens: [...this.tokens.values()].map((token) => ({
        ...token,
        isCurrent: this.current.get(`${token.kind} ${token.appid}`) === token,
      })),
      forced: [...this.forced].map(([appid, refreshes]) => ({ appid, ...refreshes })),
    };
  }

  /** Takes over the tokens of an earlier run. */
  restore(saved: SavedTokens): void {
    for (const { isCurrent, ...token } of saved.tokens) {
      this.tokens.set(token.value, token);
      if (isCurrent) this.current.set(`${token.kind} ${token.appid}`, token);
    }
    for (const { appid, ...refreshes } of saved.forced) this.forced.set(appid, refreshes);
  }

  private mayForce(appid: string): boolean {
    const now = this.now();
    const day = chinaDay(this.clock.now());
    const past = this.forced.get(appid) ?? { day, count: 0, lastAt: -Infinity };
    const count = past.day === day ? past.count : 0;
    if (count >= this.rules.number(tokenRules.forcedPerDay)) return false;
    const sinceMs = now - past.lastAt;
    if (sinceMs >= 0 && sinceMs < this.rules.number(tokenRules.forcedApartSeconds) * 1000) return false;
    this.forced.set(appid, { day, count: count + 1, lastAt: now });
    return true;
  }

  /** At most two tokens work at a time, so a second forced refresh stops a leaked token at once. */
  private renew(appid: string, kind: TokenKind): Token {
    const now = this.now();
    const previous = this.current.get(`${kind} ${appid}`);
    for (const token of this.tokens.values()) {
      if (token.appid !== appid || token.kind !== kind || !this.isLive(token)) continue;
      token.endsAt = token === previous ? now + this.rules.number(tokenRules.overlapSeconds) * 1000 : now;
    }
    if (this.tokens.size % 500 === 499) this.sweep(now);
    const value = `${80 + (this.tokens.size % 20)}_${this.random.letters(133)}`;
    const token: Token = {
      value,
      appid,
      kind,
      expiresAt: now + this.rules.number(tokenRules.lifeSeconds) * 1000,
      endsAt: null,
    };
    this.tokens.set(value, token);
    this.current.set(`${kind} ${appid}`, token);
    return token;
  }

  /** Seconds are begun ones: a token that was just given out has all of its 7,200, however long the answer took. */
  /** Those that ended a week ago are asked for by nobody. */
  private sweep(now: number): void {
    for (const [value, token] of this.tokens) if (now - token.expiresAt > 7 * 86_400_000) this.tokens.delete(value);
  }

  private answer(token: Token): { value: string; expiresInSeconds: number } {
    return { value: token.value, expiresInSeconds: Math.ceil((token.expiresAt - this.now()) / 1000) };
  }

  private isLive(token: Token): boolean {
    const now = this.now();
    return now < token.expiresAt && (token.endsAt === null || now < token.endsAt);
  }

  private now(): number {
    return this.clock.now().getTime();
  }
}
