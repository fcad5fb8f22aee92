import { randomBytes } from "node:crypto";
import { hash, verify } from "@node-rs/argon2";
import { weakPassword } from "../sign-in.contract.ts";

/** Argon2id with OWASP's second recommended setting (Password Storage Cheat Sheet, 2024): 19 MiB, 2 passes. */
const cost = { memoryCost: 19_456, timeCost: 2, parallelism: 1 };

/** The heads of the published lists of leaked passwords, of eight characters and more (NIST SP 800-63B §5.1.1.2). */
const common = new Set(
  (
    "12345678 123456789 1234567890 password password1 password123 passw0rd qwertyuiop qwerty123 1q2w3e4r 1qaz2wsx " +
    "iloveyou sunshine princess football baseball superman trustno1 letmein1 welcome1 admin123 administrator " +
    "11111111 00000000 88888888 66666666 12341234 11223344 147258369 123123123 987654321 woaini520 5201314520 " +
    "a12345678 abc12345 abcd1234 asdfghjkl zxcvbnm123 changeme qq123456 wodemima"
  ).split(" "),
);

/** @throws Fault `access.weak_password` for a password that a guesser tries first */
export function assertStrong(password: string, login: string): void {
  const plain = password.toLowerCase();
  const name = login.split("@")[0] ?? login;
  if (common.has(plain) || /^(.)\1*$/u.test(plain) || plain === login || plain === name) throw weakPassword();
}

export function hashPassword(password: string): Promise<string> {
  return hash(password, cost);
}

export function verifyPassword(passwordHash: string, password: string): Promise<boolean> {
  return verify(passwordHash, password);
}

/** One that nobody knows, of an account whose own is still to be chosen. */
export function unknownPassword(): string {
  return randomBytes(32).toString("base64url");
}

/** Made when the server starts: the first unknown login must not take longer than the second. */
const decoy = hashPassword("decoy");

/** Takes as long as a real check, for logins that don't exist: the time must not tell. */
export async function verifyDummyHash(password: string): Promise<void> {
  await verify(await decoy, password);
}
