import type { Ctx } from "@zhanggui/kit/server/ctx";
import { extensionPoint } from "@zhanggui/kit/server/extensions";

/** What the sign-in page offers besides login and password: a button, and where it leads. */
export interface SignInWay {
  readonly name: string;
  readonly url: string;
}

/**
 * For modules that know of another way to sign in: those of the ctx's tenant. Such a module proves who comes, and has
 * `Sessions` begin a session.
 */
export const signInWay = extensionPoint<(ctx: Ctx) => Promise<SignInWay[]>>("access.sign_in_way");

/** For modules that may refuse passwords: whether an account of the ctx's tenant may sign in with one. */
export const passwordRule = extensionPoint<(ctx: Ctx, accountId: string) => Promise<boolean>>("access.password_rule");
