import { createRequire } from "node:module";
import { expect, test } from "vitest";
import * as quick from "../../../testing/quick-argon2.ts";
import { hashPassword, verifyPassword } from "./passwords.ts";

/** What production has; other tests make their hashes cheaper. */
const real = createRequire(import.meta.url)("@node-rs/argon2") as typeof import("@node-rs/argon2");
const password = "correct horse battery";

test("a password is asked to be hashed at OWASP's cost, and a hash of that cost is known again", async () => {
  await hashPassword(password);
  // Argon2id, 19 MiB, 2 passes: Password Storage Cheat Sheet, 2024.
  const hash = await real.hash(password, quick.asked);
  expect(hash).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/);
  expect(await verifyPassword(hash, password)).toBe(true);
  expect(await verifyPassword(hash, "correct horse")).toBe(false);
});

test("two hashes of one password differ", async () => {
  const [one, other] = [await hashPassword(password), await hashPassword(password)];
  expect(one).not.toBe(other);
});
