import { createHash } from "node:crypto";
import { rm } from "node:fs/promises";
import { inState } from "./paths.ts";

/**
 * Where the emulator keeps its world beside one database: the accounts bound there are the ones it must know again.
 *
 * @param database "embedded", or the address of DATABASE_URL without its password
 */
export function emulatorState(database: string): string {
  const name = database === "embedded" ? database : createHash("sha256").update(database).digest("hex").slice(0, 10);
  return inState("emulator", `${name}.json`);
}

/** Forgets that world: its database is being dropped or emptied. */
export async function forgetEmulator(database: string): Promise<void> {
  await rm(emulatorState(database), { force: true });
}
