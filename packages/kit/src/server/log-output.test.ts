import { spawn } from "node:child_process";
import { once } from "node:events";
import type { Readable, Writable } from "node:stream";
import { expect, test } from "vitest";
import { BoundedOutput } from "./log-output.ts";

const told = (dropped: number): string => `dropped ${dropped}\n`;
/** A reader that takes so many bytes, and no more until it is asked to. */
function reader() {
  let [room, read] = [0, ""];
  const tryWrite = (bytes: Buffer): number => {
    const taken = Math.min(room, bytes.length);
    room -= taken;
    read += bytes.subarray(0, taken).toString();
    return taken;
  };
  return { tryWrite, take: (bytes: number) => void (room += bytes), lines: () => read.split("\n").filter(Boolean) };
}

test("lines wait up to a limit, what comes beyond is counted, and said where the gap is", () => {
  const { tryWrite, take, lines } = reader();
  const output = new BoundedOutput(tryWrite, { mostBytes: 100, told });
  take(3);
  for (let n = 10; n < 60; n++) output.write(`line ${n}\n`);
  expect(lines()).toEqual(["lin"]);
  take(10_000);
  output.flush();
  output.write("after it\n");
  const kept = Array.from({ length: lines().length - 2 }, (_, n) => `line ${n + 10}`);
  expect(lines()).toEqual([...kept, `dropped ${50 - kept.length}`, "after it"]);
  expect(kept.length).toBeGreaterThan(10);
});

test("a line that is longer than the limit is written where nothing waits", () => {
  const { tryWrite, take, lines } = reader();
  const output = new BoundedOutput(tryWrite, { mostBytes: 10, told });
  take(1000);
  output.write(`${"x".repeat(500)}\n`);
  expect(lines()).toEqual(["x".repeat(500)]);
});

test("an output that is gone takes nothing, and breaks nothing", () => {
  let tries = 0;
  const output = new BoundedOutput(
    () => {
      tries += 1;
      throw new Error("EPIPE");
    },
    { told },
  );
  output.write("one\n");
  output.write("two\n");
  output.flush();
  expect(tries).toBe(1);
});

/** Writes 20 MB of lines, says on its error output that it goes on, and ends when its input does. */
const child = `
  const { createLog } = await import(${JSON.stringify(new URL("log.ts", import.meta.url).href)});
  const { LogLines } = await import(${JSON.stringify(new URL("log-lines.ts", import.meta.url).href)});
  const log = createLog("info", new LogLines());
  for (let n = 0; n < 20_000; n++) log.info({ n, filling: "x".repeat(1000) }, "a line");
  process.stderr.write("goes on\\n");
  for await (const _ of process.stdin) {
    log.info("it flows again");
    process.stderr.write("said\\n");
  }
  log.info("the last line");
  process.exit(0);
`;

const args = ["--input-type=module", "-e", child];
/** Starts it with nobody who reads. @returns how reading begins */
const starts = {
  "a socket, as a journal has it": () => {
    const started = spawn(process.execPath, args, { stdio: "pipe" });
    return { started, read: () => {} };
  },
  "a pipe": () => {
    const shell = '"$0" "$@" | { read -r _ <&3; cat; }';
    const started = spawn("sh", ["-c", shell, process.execPath, ...args], { stdio: Array(4).fill("pipe") });
    return { started, read: () => (started.stdio[3] as Writable).end("read\n") };
  },
};

test.each(Object.entries(starts))(
  "a process that nobody reads goes on by %s, says how many lines it dropped, and flushes at its end",
  async (...of) => {
    const { started, read } = of[1]();
    const [stdin, stdout, stderr] = started.stdio as unknown as [Writable, Readable, Readable];
    const ended = once(started, "exit");
    const [first] = (await once(stderr, "data")) as [Buffer];
    expect(first.toString()).toBe("goes on\n");
    let text = "";
    stdout.on("data", (part: Buffer) => (text += part.toString()));
    read();
    await expect.poll(() => text.includes("were dropped")).toBe(true);
    stdin.end("go on");
    expect((await ended)[0]).toBe(0);
    await expect.poll(() => text).toContain("the last line");
    const lines = text
      .split("\n")
      .filter(Boolean)
      .map((line) => JSON.parse(line) as { n?: number; level: number; dropped?: number; message: string });
    const numbers = lines.flatMap(({ n }) => n ?? []);
    // In order, none twice, and each that lacks is counted.
    expect(numbers).toEqual(Array.from({ length: numbers.length }, (_, n) => n));
    const gap = lines.find(({ dropped }) => dropped !== undefined);
    expect(gap).toMatchObject({ level: 40, dropped: 20_000 - numbers.length });
    expect(numbers.length).toBeGreaterThan(5_000);
    expect(lines.slice(-2).map(({ message }) => message)).toEqual(["it flows again", "the last line"]);
  },
);

test("one that ends while nobody reads ends all the same", async () => {
  const { started } = starts["a socket, as a journal has it"]();
  started.stdin?.end();
  expect((await once(started, "exit"))[0]).toBe(0);
  started.stdout?.destroy();
});
