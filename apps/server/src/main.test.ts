import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, inject, test } from "vitest";
import { testSecrets } from "./testing/test-server.ts";

/** A line of a stack trace. */
const stack = /^ +at /m;
const main = fileURLToPath(new URL("main.ts", import.meta.url));

interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the server's program with these arguments and variables, to its end. */
async function run(args: readonly string[], variables: Readonly<Record<string, string>> = {}): Promise<Ended> {
  const { PATH = "", NODE_OPTIONS = "" } = process.env;
  try {
    const ended = await promisify(execFile)(process.execPath, ["--import", "@oxc-node/core/register", main, ...args], {
      env: { PATH, NODE_OPTIONS, ...variables },
    });
    return { code: 0, ...ended };
  } catch (error) {
    return error as Ended;
  }
}

test("help lists the commands, and needs no environment", async () => {
  const { code, stdout, stderr } = await run(["help"]);
  expect([code, stderr]).toEqual([0, ""]);
  for (const command of ["[serve]", "unlock <login or address>", "reseal", "slow-queries [hours]"])
    expect(stdout).toContain(`main.js ${command}`);
});

const refused: [what: string, args: string[], said: RegExp][] = [
  ["a command that there isn't", ["brew"], /^There is no command brew\.\n {2}main\.js \[serve\]/],
  ["nobody to unlock", ["unlock"], /^unlock takes a login or an address/],
  ["no number of hours", ["slow-queries", "soon"], /^slow-queries takes a number of hours/],
];

test.each(refused)("%s is said in a sentence, not in a stack", async (_, args, said) => {
  const { code, stderr } = await run(args, { DATABASE_URL: inject("clusterUrl"), ...testSecrets });
  expect([code, stderr]).toEqual([1, expect.stringMatching(said)]);
  expect(stderr).not.toMatch(stack);
});

test("so is an environment that lacks something", async () => {
  const { code, stderr } = await run(["unlock"]);
  expect([code, stderr]).toEqual([1, expect.stringMatching(/^The environment is not right yet:\n {2}DATABASE_URL is/)]);
  expect(stderr).not.toMatch(stack);
});

test("and a database that isn't there", async () => {
  const { code, stderr } = await run(["serve"], { DATABASE_URL: "postgres://127.0.0.1:9/none", ...testSecrets });
  expect([code, stderr]).toEqual([1, expect.stringMatching(/^PostgreSQL can't be reached \(.*ECONNREFUSED/)]);
  expect(stderr).not.toMatch(stack);
});
