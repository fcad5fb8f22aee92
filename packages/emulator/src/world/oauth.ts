import { z } from "zod";
import type { SeededRandom } from "../random.ts";
import { oauthRules } from "../wechat/limits.ts";
import type { Rulebook } from "../wechat/rules.ts";

export type Scope = "snsapi_base" | "snsapi_userinfo";

export interface OAuthCode {
  code: string;
  appid: string;
  openid: string;
  scope: Scope;
  at: number;
  isUsed: boolean;
}

/** What an account may do in a user's name, until when. */
export interface OAuthGrant {
  accessToken: string;
  refreshToken: string;
  appid: string;
  openid: string;
  scope: Scope;
  /** When the access token was given out. */
  at: number;
  /** When the user agreed: the refresh token lives from then. */
  agreedAt: number;
}

const ScopeShape = z.enum(["snsapi_base", "snsapi_userinfo"]);
export const SavedOAuth = z.object({
  codes: z.array(
    z.object({
      code: z.string(),
      appid: z.string(),
      openid: z.string(),
      scope: ScopeShape,
      at: z.number(),
      isUsed: z.boolean(),
    }),
  ),
  grants: z.array(
    z.object({
      accessToken: z.string(),
      refreshToken: z.string(),
      appid: z.string(),
      openid: z.string(),
      scope: ScopeShape,
      at: z.number(),
      agreedAt: z.number(),
    }),
  ),
});
export type SavedOAuth = z.infer<typeof SavedOAuth>;

const dayMs = 86_400_000;

interface Granting {
  readonly random: SeededRandom;
  readonly rules: Rulebook;
  now(): number;
}

/** Who agreed to what on a page of WeChat's, and what came of it. */
export class OAuthBook {
  private readonly state: Granting;
  private readonly codes = new Map<string, OAuthCode>();
  private readonly grants = new Map<string, OAuthGrant>();
  private readonly byRefreshToken = new Map<string, OAuthGrant>();

  constructor(state: Granting) {
    this.state = state;
  }

  /** A code that is good once, for some minutes. */
  giveCode(given: Pick<OAuthCode, "appid" | "openid" | "scope">): string {
    const code = this.state.random.letters(32);
    if (this.codes.size % 500 === 499) this.sweep();
    this.codes.set(code, { code, ...given, at: this.state.now(), isUsed: false });
    return code;
  }

  /** What a code stands for; `used` and `expired` are told apart, as WeChat does. */
  take(code: string, appid: string): OAuthGrant | "unknown" | "used" | "expired" {
    const found = this.codes.get(code);
    if (found === undefined || found.appid !== appid) return "unknown";
    if (found.isUsed) return "used";
    if (this.ageSeconds(found.at) >= this.state.rules.number(oauthRules.codeSeconds)) return "expired";
    found.isUsed = true;
    const { openid, scope } = found;
    const now = this.state.now();
    return this.keep({
      accessToken: `90_${this.state.random.letters(100)}`,
      refreshToken: `90_${this.state.random.letters(100)}`,
      appid,
      openid,
      scope,
      at: now,
      agreedAt: now,
    });
  }

  /** Goes on with a refresh token: the same access token with new seconds while it lives, else a new one. */
  refresh(refreshToken: string, appid: string): OAuthGrant | "unknown" | "expired" {
    const found = this.byRefreshToken.get(refreshToken);
    if (found === undefined || found.appid !== appid) return "unknown";
    if (this.ageSeconds(found.agreedAt) >= this.state.rules.number(oauthRules.refreshSeconds)) return "expired";
    if (!this.isLive(found)) {
      this.grants.delete(found.accessToken);
      found.accessToken = `90_${this.state.random.letters(100)}`;
    }
    found.at = this.state.now();
    return this.keep(found);
  }

  /** What an access token allows; `expired` where it did. */
  look(accessToken: string): OAuthGrant | "unknown" | "expired" {
    const found = this.grants.get(accessToken);
    if (found === undefined) return "unknown";
    return this.isLive(found) ? found : "expired";
  }

  /** Whatever users allowed an account. */
  forget(appid: string): void {
    for (const [key, code] of this.codes) if (code.appid === appid) this.codes.delete(key);
    for (const grant of this.grants.values()) if (grant.appid === appid) this.drop(grant);
  }

  private drop({ accessToken, refreshToken }: OAuthGrant): void {
    this.grants.delete(accessToken);
    this.byRefreshToken.delete(refreshToken);
  }

  /** Throws away what is long over, so that a world may last: codes of yesterday, consents of sixty days ago. */
  private sweep(): void {
    const now = this.state.now();
    for (const [key, { at }] of this.codes) if (Math.abs(now - at) > dayMs) this.codes.delete(key);
    const most = 2 * this.state.rules.number(oauthRules.refreshSeconds) * 1000;
    for (const grant of this.grants.values()) if (Math.abs(now - grant.agreedAt) > most) this.drop(grant);
  }

  save(): SavedOAuth {
    return { codes: [...this.codes.values()], grants: [...this.grants.values()] };
  }

  restore({ codes, grants }: SavedOAuth): void {
    for (const code of codes) this.codes.set(code.code, code);
    for (const grant of grants) this.keep(grant);
  }

  private keep(grant: OAuthGrant): OAuthGrant {
    this.grants.set(grant.accessToken, grant);
    this.byRefreshToken.set(grant.refreshToken, grant);
    return grant;
  }

  private isLive({ at }: OAuthGrant): boolean {
    return this.ageSeconds(at) < this.state.rules.number(oauthRules.accessSeconds);
  }

  /** Of what lies ahead, since the clock was turned back: over. */
  private ageSeconds(at: number): number {
    const age = (this.state.now() - at) / 1000;
    return age < 0 ? Infinity : age;
  }
}
