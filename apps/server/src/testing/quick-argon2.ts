import { createRequire } from "node:module";
import type { Options } from "@node-rs/argon2";

/*
 * The tests' servers hash passwords by this in place of `@node-rs/argon2` (vitest.config.ts): the same, for a hundredth
 * of the work. Guessing being slow took a good part of the tests' time; `passwords.test.ts` holds what production asks
 * for.
 */
const real = createRequire(import.meta.url)("@node-rs/argon2") as typeof import("@node-rs/argon2");

/** What the last caller asked for. */
// The last caller's, not a setting: a test reads it.
// oxlint-disable-next-line import/no-mutable-exports
export let asked: Options | null | undefined;

export function hash(password: string, options?: Options | null): Promise<string> {
  asked = options;
  return real.hash(password, { ...options, memoryCost: 64, timeCost: 1 });
}

export const { verify } = real;
