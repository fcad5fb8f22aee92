import { parseArgs } from "node:util";
import { layers } from "./blocks.ts";
import type { NewPage } from "./new-page.ts";
import type { NewModule } from "./new.ts";
import { Problem } from "./problem.ts";

export const commands = [
  "start",
  "stop",
  "test",
  "check",
  "bench",
  "new",
  "mock",
  "shots",
  "load",
  "tables",
  "pack",
  "reseal",
  "audit",
  "maintenance",
  "backup",
  "restore",
  "doctor",
  "help",
] as const;
export type Command = (typeof commands)[number];

export interface StartOptions {
  /** The server's port; the emulator takes the next one, its mail the one after. */
  port: number;
  /** Drop the embedded database first. */
  fresh: boolean;
  /** Fill an empty database with the demonstration business. */
  demo: boolean;
}

export type Request =
  | { command: "start"; options: StartOptions }
  | { command: "check"; quick: boolean }
  | { command: "test" | "bench" | "mock" | "shots" | "load" | "maintenance" | "backup" | "restore"; words: string[] }
  | { command: "new"; module: NewModule }
  | { command: "new"; page: NewPage }
  | { command: "stop" | "tables" | "pack" | "reseal" | "audit" | "doctor" | "help" };

export const defaultPort = 8780;

/** The last one that leaves room for the emulator's two. */
const lastPort = 65_533;

/** Reads the command line (without the program's name). Throws a Problem that says what would be right. */
export function parseRequest(words: string[]): Request {
  const [first = "help", ...rest] = words;
  const name = first === "--help" || first === "-h" ? "help" : first;
  const command = commands.find((known) => known === name);
  if (!command) throw new Problem(`There is no "${first}". The commands are: ${commands.join(", ")}.`);
  if (rest.includes("--help") || rest.includes("-h")) return { command: "help" };
  switch (command) {
    case "start":
      return { command, options: parseStart(rest) };
    case "check":
      return { command, quick: parseFlags(rest, { quick: { type: "boolean" } })["quick"] === true };
    case "test":
    case "bench":
    case "mock":
    case "shots":
    case "load":
    case "maintenance":
    case "backup":
    case "restore":
      return { command, words: rest };
    case "new":
      return rest[0] === "page" ? { command, page: parsePage(rest.slice(1)) } : { command, module: parseModule(rest) };
    default:
      parseFlags(rest, {});
      return { command };
  }
}

function parseStart(words: string[]): StartOptions {
  const flags = parseFlags(words, {
    port: { type: "string" },
    fresh: { type: "boolean" },
    "no-demo": { type: "boolean" },
  });
  const port = flags["port"] === undefined ? defaultPort : Number(flags["port"]);
  if (!Number.isInteger(port) || port < 1 || port > lastPort) {
    throw new Problem(`--port wants a whole number from 1 to ${lastPort}, not "${flags["port"]}".`);
  }
  return { port, fresh: flags["fresh"] === true, demo: flags["no-demo"] !== true };
}

function parseModule([kind, given, name, ...more]: string[]): NewModule {
  const layer = layers.find((each) => each === given);
  if (kind !== "module" || name === undefined || more.length > 0) {
    throw new Problem(
      "./zg new module <layer> <name>, for one: ./zg new module products bookings; or ./zg new page <module>/<name>",
    );
  }
  if (layer === undefined) throw new Problem(`There is no layer "${given}". The layers are: ${layers.join(", ")}.`);
  return { layer, name };
}

function parsePage([place = "", ...more]: string[]): NewPage {
  const { list } = parseFlags(more, { list: { type: "string" } });
  const [module = "", name = "", ...rest] = place.split("/");
  if (module === "" || name === "" || rest.length > 0) {
    throw new Problem(
      "./zg new page <module>/<name> [--list <route>], for one: ./zg new page links/archive --list list",
    );
  }
  return { module, name, ...(typeof list === "string" ? { list } : {}) };
}

type Flags = Record<string, string | boolean | undefined>;

function parseFlags(words: string[], options: Record<string, { type: "string" | "boolean" }>): Flags {
  try {
    return parseArgs({ args: words, options, strict: true, allowPositionals: false }).values;
  } catch {
    const known = Object.keys(options).map((name) => `--${name}`);
    const list = known.length === 0 ? "it takes none" : `it takes ${known.join(", ")}`;
    throw new Problem(`"${words.join(" ")}" isn't understood: ${list}.`);
  }
}

export const help = `Zhanggui. ./zg <command>

  start [--port N] [--fresh] [--no-demo]
               set up, build and run everything: database, server, WeChat stand-in, demonstration
               --port N    server on N (${defaultPort} unless told), emulator on N+1, its mail on N+2
               --fresh     drop the embedded database first
               --no-demo   leave an empty database empty
               DATABASE_URL in the environment is used instead of the embedded database
  stop         end what an earlier start left running
  test [pattern…]  every tier of tests, or the files whose path holds a pattern
  test --changed [ref]  what the change since ref (origin/main) can reach, and the repository's own rules
  check [--quick]  format, lint, types, import rules, tidiness; --quick: what is staged for a commit
  bench [name]     run the measurements
  new module <layer> <name>  write a small working module: contract, service, table, tests, page
  new page <module>/<name> [--list <route>]  write a page of the console: of a list of the contract, or an empty one
  mock [--port N] [--pass <routes>=<url>] [--fault <routes>=<code>] [--latency ms] [--day YYYY-MM-DD]
               the API with made-up data and the console on it; chosen routes from a real server
  shots [--url U] [--login L] [--password P] [page…]  pictures of every page of a running start, in .zg/pictures/shots
  load <scenario> [--url U] [--rate N] [--duration S] [--ramp S] [--at-once N] [--threshold p95=200] [--json FILE]
               put an installation of your own under load: sign-in, lists, pushes, links, export (docs/LOAD.md)
  tables       make the row types (<m>.tables.ts) and docs/database from the migrations
  pack         make the emulator a package of its own, for npx: .zg/packages
  reseal       seal the stored secrets with the first of SECRET_KEYS; embedded: with a new key
  audit        verify the audit log of every tenant; exits with 1 and names what was tampered with
  maintenance on|off|status [--zh <message>] [--en <message>] [--minutes N]
               close the server for work on it, and open it again
  backup FILE  database and files in one archive, while the server runs
  restore FILE [--replace]  into an empty database; --replace: first drop what is there
  doctor       say what this machine has and lacks
`;
