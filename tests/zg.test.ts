import { execFile, spawn } from "node:child_process";
import { chmod, mkdir, mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { exclusively, lockHolder } from "../tools/lock.ts";
import { isRunning, startMark } from "../tools/processes.ts";
import { commands, defaultPort, help, parseRequest } from "../tools/zg/arguments.ts";
import { describeRules } from "../tools/zg/check.ts";
import { fingerprint } from "../tools/zg/fingerprint.ts";
import { demandFree, portsFrom, takenSentence } from "../tools/zg/ports.ts";
import { endProcess, liveRecords, writeRecord } from "../tools/zg/records.ts";
import { keepSecrets } from "../tools/zg/secrets.ts";
import { fromCaller } from "../tools/zg/server-command.ts";
import { runStep } from "../tools/zg/steps.ts";
import { runsForChange } from "../tools/zg/test.ts";
import { closingLine } from "../tools/zg/totals.ts";
import { patienceFactor } from "./setup/patience.ts";

const checkout = resolve(import.meta.dirname, "..");
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "zhanggui-zg-"));
  await chmod(folder, 0o755);
});

afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

/** A process that lives until it is ended, or until this one is gone. */
function spawnSleeper(): { processId: number; ended: Promise<NodeJS.Signals | null> } {
  const script = "process.stdin.on('close', () => process.exit()).resume()";
  const child = spawn(process.execPath, ["-e", script], { stdio: ["pipe", "ignore", "ignore"], detached: true });
  const ended = new Promise<NodeJS.Signals | null>((done) => child.once("exit", (_code, name) => done(name)));
  if (child.pid === undefined) throw new Error("no process");
  return { processId: child.pid, ended };
}

describe("the command line", () => {
  test("a file of back-up and restore is meant where zg was called, though commands run in the checkout", () => {
    expect(fromCaller(["backup", "b.tar.gz"])).toEqual(["backup", resolve("b.tar.gz")]);
    expect(fromCaller(["restore", "/b/c.tar.gz", "--replace"])).toEqual(["restore", "/b/c.tar.gz", "--replace"]);
    expect(fromCaller(["maintenance", "on", "--zh", "b"])).toEqual(["maintenance", "on", "--zh", "b"]);
  });

  test("alone it is a request for help, which names every command", () => {
    expect(parseRequest([])).toEqual({ command: "help" });
    expect(parseRequest(["start", "--help"])).toEqual({ command: "help" });
    for (const command of commands.filter((name) => name !== "help")) expect(help).toContain(`\n  ${command} `);
  });

  test("start has a port, keeps the data and fills an empty database unless told otherwise", () => {
    expect(parseRequest(["start"])).toEqual({
      command: "start",
      options: { port: defaultPort, fresh: false, demo: true },
    });
    expect(parseRequest(["start", "--port", "9000", "--fresh", "--no-demo"])).toEqual({
      command: "start",
      options: { port: 9000, fresh: true, demo: false },
    });
  });

  test("test and bench hand their words on; check knows --quick", () => {
    expect(parseRequest(["test", "packages/kit", "-t", "fen"])).toEqual({
      command: "test",
      words: ["packages/kit", "-t", "fen"],
    });
    expect(parseRequest(["check", "--quick"])).toEqual({ command: "check", quick: true });
    expect(parseRequest(["check"])).toEqual({ command: "check", quick: false });
  });

  test.for([
    [["strat"], 'no "strat"'],
    [["start", "--prot", "1"], "--port, --fresh, --no-demo"],
    [["start", "--port", "65534"], "from 1 to 65533"],
    [["start", "--port", "80a"], 'not "80a"'],
    [["stop", "now"], "it takes none"],
  ] as const)("%j gets a sentence", ([words, sentence]) => {
    expect(() => parseRequest([...words])).toThrow(sentence);
  });

  test("a mistake ends the program with that sentence and without a stack", async () => {
    const words = [join(checkout, "tools/zg/main.ts"), "strat"];
    const { code, stderr } = await new Promise<{ code: unknown; stderr: string }>((done) => {
      execFile(process.execPath, words, (error, _stdout, text) => done({ code: error?.code, stderr: text }));
    });
    expect(stderr).toBe(`zg: There is no "strat". The commands are: ${commands.join(", ")}.\n`);
    expect(code).toBe(1);
  });
});

describe("ports", () => {
  test("a taken one gets a sentence that says what to do", async () => {
    const holder = createServer();
    await new Promise<void>((done) => holder.listen(0, "127.0.0.1", done));
    const { port } = holder.address() as { port: number };
    const ports = { ...portsFrom(port - 1), server: port - 1 };
    await expect(demandFree({ ...ports, server: port })).rejects.toThrow(`Port ${port} (server) is taken`);
    await new Promise((done) => holder.close(done));
  });

  test("the sentence names another port and the way to end an earlier start", () => {
    const sentence = takenSentence("mail", 8782, 8780, "EADDRINUSE");
    expect(sentence).toContain("Port 8782 (mail) is taken");
    expect(sentence).toContain("./zg start --port 8880");
    expect(sentence).toContain("./zg stop");
    expect(takenSentence("server", 80, 80, "EACCES")).toContain("may not be used");
  });
});

describe("records of processes", () => {
  test("a live one is found and ended with its group, a dead one forgotten", async () => {
    const records = join(folder, "records");
    const sleeper = spawnSleeper();
    await writeRecord(records, "sleeper", sleeper.processId);
    const [record] = await liveRecords(records);
    expect(record).toMatchObject({ name: "sleeper", processId: sleeper.processId });
    await endProcess(record!, 5_000);
    expect(await sleeper.ended).toBe("SIGTERM");
    expect(await liveRecords(records)).toEqual([]);
    await expect(stat(join(records, "sleeper.json"))).rejects.toThrow("ENOENT");
  });

  test("another process that got the same number is left alone", async () => {
    const sleeper = spawnSleeper();
    const records = join(folder, "reused");
    const record = await writeRecord(records, "old", sleeper.processId);
    const older = { ...record, mark: `${record.mark}0` };
    await writeFile(join(records, "old.json"), JSON.stringify(older));
    expect(await liveRecords(records)).toEqual([]);
    await endProcess(older, 0);
    expect(await isRunning(sleeper.processId)).toBe(true);
    await endProcess(record, 5_000);
    expect(await startMark(sleeper.processId)).toBeUndefined();
  });

  test("a half-written record is no record", async () => {
    const records = join(folder, "half");
    await mkdir(records);
    await writeFile(join(records, "server.json"), '{"name":"server","proc');
    expect(await liveRecords(records)).toEqual([]);
  });
});

describe("steps", () => {
  async function makeStep(name: string) {
    const base = join(folder, name);
    await mkdir(join(base, "src"), { recursive: true });
    await writeFile(join(base, "src/a.ts"), "1");
    let runs = 0;
    const output = join(base, "out");
    const step = {
      name,
      inputs: {
        paths: [join(base, "src"), join(base, "absent")],
        accepts: (path: string) => !path.endsWith(".test.ts"),
      },
      outputs: [output],
      work: async () => {
        runs++;
        await writeFile(output, "done");
      },
    };
    return { base, output, step, run: () => runStep(join(base, "stamps"), base, step), runs: () => runs };
  }

  test("done once, skipped until an input changes", async () => {
    const { base, run, runs } = await makeStep("once");
    expect([await run(), await run()]).toEqual([true, false]);
    await writeFile(join(base, "src/a.test.ts"), "no input");
    expect(await run()).toBe(false);
    await writeFile(join(base, "src/b.ts"), "a new input");
    expect(await run()).toBe(true);
    expect(runs()).toBe(2);
  });

  test("done again when its output is gone, or when it failed", async () => {
    const { base, output, step, run } = await makeStep("again");
    await run();
    await rm(output);
    expect(await run()).toBe(true);
    await writeFile(join(base, "src/a.ts"), "2");
    const { work } = step;
    step.work = () => Promise.reject(new Error("killed"));
    await expect(run()).rejects.toThrow("killed");
    step.work = work;
    await writeFile(join(base, "src/a.ts"), "1");
    expect(await run()).toBe(true);
  });

  test("a renamed file and moved content give another fingerprint", async () => {
    const { base } = await makeStep("print");
    const inputs = { paths: [join(base, "src")] };
    const before = await fingerprint(base, inputs);
    expect(await fingerprint(base, inputs)).toBe(before);
    await rm(join(base, "src/a.ts"));
    await writeFile(join(base, "src/b.ts"), "1");
    expect(await fingerprint(base, inputs)).not.toBe(before);
  });
});

describe("the lock", () => {
  test("lets one in at a time", async () => {
    const lock = join(folder, "turns.lock");
    let inside = 0;
    let most = 0;
    const visit = () =>
      exclusively(lock, { waitMs: 10_000 }, async () => {
        most = Math.max(most, ++inside);
        expect(await lockHolder(lock)).toBe(process.pid);
        inside--;
      });
    await Promise.all([visit(), visit(), visit()]);
    expect(most).toBe(1);
    expect(await lockHolder(lock)).toBeUndefined();
  });

  test("is taken over from a process that died, and not from one that lives", async () => {
    const lock = join(folder, "dead.lock");
    const sleeper = spawnSleeper();
    await mkdir(lock);
    await writeFile(join(lock, "holder"), `${sleeper.processId} ${await startMark(sleeper.processId)}`);
    const waited: number[] = [];
    const onWait = (holder: number) => void waited.push(holder);
    await expect(exclusively(lock, { waitMs: 0, onWait }, async () => "in")).rejects.toThrow("for too long");
    process.kill(sleeper.processId, "SIGKILL");
    await sleeper.ended;
    expect(await exclusively(lock, { waitMs: 5_000 }, async () => "in")).toBe("in");
  });
});

test("secrets are made once, kept, and only for their owner's eyes", async () => {
  const file = join(folder, "secrets.json");
  const secrets = await keepSecrets(file);
  expect(Buffer.from(secrets.secretKey, "base64")).toHaveLength(32);
  expect((await stat(file)).mode & 0o777).toBe(0o600);
  expect(await keepSecrets(file)).toEqual(secrets);
  expect(await keepSecrets(join(folder, "other.json"))).not.toEqual(secrets);
});

describe("a run of what a change can reach", () => {
  const projectsOf = (changed: string[]) => runsForChange("abc", changed).map((run) => run.join(" "));

  test("always has the repository's own rules, and what imports a changed file", () => {
    expect(projectsOf(["docs/STYLE.md", "packages/kit/src/server/log.test.ts"])).toEqual([
      "--changed=abc --passWithNoTests --project=!workshop --project=!journey",
      "--project=workshop",
    ]);
  });

  test.each(["apps/console/src/app.vue", "packages/emulator/src/cli.ts", "apps/server/src/main.ts"])(
    "has the journeys if the product changed: %s",
    (path) => {
      expect(projectsOf([path])[1]).toBe("--project=workshop --project=journey");
    },
  );
});

test("patience grows with the load, from one to a bound", () => {
  expect([0, 2, 4, 8, 100].map((load) => patienceFactor(load, 2))).toEqual([1, 1, 2, 4, 6]);
});

test("the closing line of a test run", () => {
  expect(closingLine({ passed: 12, failed: 0, skipped: 0 })).toBe("12 passed, 0 failed");
  expect(closingLine({ passed: 12, failed: 3, skipped: 1 })).toBe("12 passed, 3 failed, 1 skipped");
});

test("a check's line names the broken rules, the most frequent first", () => {
  const output = "  error no-cycles: a → b\n  error imports-go-down: c → d\n  error no-cycles: e → f\n";
  expect(describeRules(output, /^\s*error ([\w-]+):/gm)).toBe("no-cycles (2), imports-go-down");
  expect(describeRules("crashed", /^\s*error ([\w-]+):/gm)).toBe("see above");
});

test("the runtime's versions are pinned with their integrity on every platform", async () => {
  const { platforms } = JSON.parse(await readFile(join(checkout, "tools/zg/runtime.json"), "utf8")) as {
    platforms: Record<string, Record<string, { version: string; integrity: string }>>;
  };
  expect(Object.keys(platforms)).toEqual(["linux-x64", "linux-arm64", "darwin-x64", "darwin-arm64"]);
  for (const { node, pnpm } of Object.values(platforms)) {
    for (const part of [node, pnpm]) {
      expect(part?.version).toMatch(/^\d+\.\d+\.\d+$/);
      expect(part?.integrity).toMatch(/^sha512-[\w+/]{86}==$/);
    }
  }
});
