import { z } from "zod";
import type { SeededRandom } from "../random.ts";
import { miniRules } from "../wechat/limits.ts";
import type { Rulebook } from "../wechat/rules.ts";

const Kind = z.enum(["login", "phone"]);
export const SavedMiniCodes = z.array(
  z.object({
    code: z.string(),
    kind: Kind,
    appid: z.string(),
    openid: z.string(),
    at: z.number(),
    isUsed: z.boolean(),
  }),
);
export type SavedMiniCodes = z.infer<typeof SavedMiniCodes>;
type MiniCode = SavedMiniCodes[number];

interface Giving {
  readonly random: SeededRandom;
  readonly rules: Rulebook;
  now(): number;
}

/** What a mini-program gets by `wx.login` and by a button for the phone number: good once, for five minutes. */
export class MiniCodes {
  private readonly state: Giving;
  private readonly codes = new Map<string, MiniCode>();

  constructor(state: Giving) {
    this.state = state;
  }

  give(given: Pick<MiniCode, "kind" | "appid" | "openid">): string {
    const code = `0${this.state.random.letters(31)}`;
    if (this.codes.size % 500 === 499) this.sweep();
    this.codes.set(code, { code, ...given, at: this.state.now(), isUsed: false });
    return code;
  }

  /** @returns the openid; `used` where it was taken before, `invalid` where it is unknown or too old */
  take({ code, kind, appid }: Pick<MiniCode, "code" | "kind" | "appid">): { openid: string } | "used" | "invalid" {
    const found = this.codes.get(code);
    if (found?.kind !== kind || found.appid !== appid) return "invalid";
    if (found.isUsed) return "used";
    const age = (this.state.now() - found.at) / 1000;
    if (age < 0 || age >= this.state.rules.number(miniRules.codeSeconds)) return "invalid";
    found.isUsed = true;
    return { openid: found.openid };
  }

  forget(appid: string): void {
    for (const [key, code] of this.codes) if (code.appid === appid) this.codes.delete(key);
  }

  /** Throws away those of yesterday. */
  private sweep(): void {
    const now = this.state.now();
    for (const [key, { at }] of this.codes) if (Math.abs(now - at) > 86_400_000) this.codes.delete(key);
  }

  save(): SavedMiniCodes {
    return [...this.codes.values()];
  }

  restore(saved: SavedMiniCodes): void {
    for (const code of saved) this.codes.set(code.code, code);
  }
}
