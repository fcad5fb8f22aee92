import { Injectable } from "@nestjs/common";
import { passwordNeeded, wrongPassword } from "@zhanggui/kit/contract/faults";
import { CheckLimiter } from "./internal/check-limiter.ts";
import { hashPassword, verifyPassword } from "./internal/passwords.ts";

/**
 * Passwords of other things than accounts, hashed as those are: of a link, of a file. Few are checked at once, apart
 * from sign-in, which whoever guesses them can't hold up.
 */
@Injectable()
export class Passwords {
  readonly #limiter = new CheckLimiter();

  hash(password: string): Promise<string> {
    return hashPassword(password);
  }

  /**
   * Lets through whoever has the password, and everybody where there is none.
   *
   * @param of what it opens: its checks from one source come one after the other
   * @throws Fault `kit.password_needed`, `kit.wrong_password`; `kit.too_many_requests` if too many wait already
   */
  async demand(
    passwordHash: string | null,
    given: string | undefined,
    of: { readonly id: string; readonly source: string },
  ): Promise<void> {
    if (passwordHash === null) return;
    if (given === undefined) throw passwordNeeded({ asks: "password" });
    const checked = { login: of.id, source: of.source };
    const isRight = await this.#limiter.run(checked, () => verifyPassword(passwordHash, given));
    if (!isRight) throw wrongPassword({ asks: "password" });
  }
}
