import { randomBytes } from "node:crypto";
import { readFile } from "node:fs/promises";
import { writeWhole } from "./steps.ts";

export interface Secrets {
  /** Seals stored secrets: base64 of 32 bytes; while a key is being changed the new and the old one, by a comma. */
  secretKey: string;
  /** Signs log-ins. */
  jwtSecret: string;
  /** Allows the first set-up of an empty database. */
  setupToken: string;
}

/** This checkout's own secrets, made on first use and kept: another key couldn't open what the first one sealed. */
export async function keepSecrets(file: string): Promise<Secrets> {
  const kept = await readFile(file, "utf8").catch(() => undefined);
  if (kept !== undefined) return JSON.parse(kept) as Secrets;
  const secrets: Secrets = {
    secretKey: randomBytes(32).toString("base64"),
    jwtSecret: randomBytes(32).toString("base64url"),
    setupToken: randomBytes(18).toString("base64url"),
  };
  await writeSecrets(file, secrets);
  return secrets;
}

export async function writeSecrets(file: string, secrets: Secrets): Promise<void> {
  await writeWhole(file, `${JSON.stringify(secrets, null, 2)}\n`, 0o600);
}
