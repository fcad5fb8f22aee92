import { readFile, rm } from "node:fs/promises";
import { pathToFileURL } from "node:url";
import { inRoot, inState, isPresent } from "./paths.ts";
import { Problem } from "./problem.ts";
import { writeWhole } from "./steps.ts";

export interface Login {
  role: string;
  login: string;
  password: string;
}

/** What is known of the demonstration in one database. */
interface DemoNote {
  /** "embedded", or the address of DATABASE_URL without its password. */
  database: string;
  state: "half" | "whole";
  logins: Login[];
  /** The server's address at the time: the stand-in's account sends its messages there. */
  serverUrl?: string;
}

export interface DemoTarget {
  database: string;
  serverUrl: string;
  emulatorUrl: string;
  setupToken: string;
  log: (line: string) => void;
}

const noteFile = inState("demo.json");

interface DemoModule {
  seedDemo: (options: Omit<DemoTarget, "database">) => Promise<{ logins: Login[] }>;
}

/** True when filling this database was broken off: what is in it is neither empty nor whole. */
export async function isHalfFilled(database: string): Promise<boolean> {
  return (await readNote(database))?.state === "half";
}

/** The log-ins of the demonstration that an earlier start put into this database. */
export async function knownLogins(database: string): Promise<Login[]> {
  return (await readNote(database))?.logins ?? [];
}

/** The sentence to show when the demonstration of this database was made under another address; else undefined. */
export async function movedSentence(database: string, serverUrl: string): Promise<string | undefined> {
  const note = await readNote(database);
  if (note?.serverUrl === undefined || note.serverUrl === serverUrl) return undefined;
  return (
    `The demonstration was made at ${note.serverUrl}, and its account still sends messages there: ` +
    `./zg start --port ${new URL(note.serverUrl).port}, or --fresh for a new one here.`
  );
}

/** Forgets what was noted: the database is being dropped. */
export async function forgetDemo(): Promise<void> {
  await rm(noteFile, { force: true });
}

/** True when the server says that its database has no tenant yet. */
export async function needsSetup(serverUrl: string): Promise<boolean> {
  const answer = await fetch(`${serverUrl}/api/setup`);
  if (!answer.ok) throw new Problem(`The server answered ${answer.status} to GET /api/setup.`);
  return ((await answer.json()) as { needed: boolean }).needed;
}

/** Fills an empty database with the demonstration business, through the server's own API. */
export async function fillWithDemo(target: DemoTarget): Promise<Login[]> {
  const { database, ...options } = target;
  await writeNote({ database, state: "half", logins: [], serverUrl: options.serverUrl });
  const { seedDemo } = (await import(pathToFileURL(inRoot("tools/demo.ts")).href)) as DemoModule;
  const { logins } = await seedDemo(options);
  await writeNote({ database, state: "whole", logins, serverUrl: options.serverUrl });
  return logins;
}

export function hasDemo(): boolean {
  return isPresent("tools/demo.ts");
}

async function writeNote(note: DemoNote): Promise<void> {
  await writeWhole(noteFile, `${JSON.stringify(note, null, 2)}\n`, 0o600);
}

async function readNote(database: string): Promise<DemoNote | undefined> {
  const text = await readFile(noteFile, "utf8").catch(() => undefined);
  if (text === undefined) return undefined;
  const note = JSON.parse(text) as DemoNote;
  return note.database === database ? note : undefined;
}
