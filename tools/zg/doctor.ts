import { statfs } from "node:fs/promises";
import { totalmem } from "node:os";
import { lockHolder } from "../lock.ts";
import { findCluster } from "../postgres.ts";
import { defaultPort } from "./arguments.ts";
import { isComplete } from "./browser.ts";
import { capture, recordFolder } from "./commands.ts";
import { databaseFolder, isPresent, root } from "./paths.ts";
import { demandFree, portsFrom } from "./ports.ts";
import { describeError } from "./problem.ts";
import type { Progress } from "./progress.ts";
import { liveRecords } from "./records.ts";
import { startLock } from "./start.ts";

interface Finding {
  /** true: well; false: something to do; undefined: only told. */
  well: boolean | undefined;
  text: string;
}

/** Says what this machine has and lacks; exit code 1 when something must be done before a start. */
export async function doctor(progress: Progress): Promise<number> {
  const findings = [
    { well: undefined, text: `${process.platform}-${process.arch}, ${await userName()}, in ${root}` },
    { well: true, text: `Node ${process.version} (${process.execPath})` },
    await tool("pnpm", "comes with ./zg start"),
    await tool("git", "apt-get install git"),
    dependencies(),
    ...(await database()),
    ...(await files()),
    ...(await broker()),
    await room(root, "disk", 2),
    await room("/dev/shm", "memory for the tests' database", 2, "the tests' database goes to disk: slower"),
    { well: undefined, text: `${gigabytes(totalmem())} of memory` },
    ...(await running()),
    browser(),
  ];
  for (const { well, text } of findings) progress.say(`${well === undefined ? " " : well ? "✓" : "✗"} ${text}`);
  return findings.some(({ well }) => well === false) ? 1 : 0;
}

async function userName(): Promise<string> {
  if (process.getuid?.() !== 0) return "an ordinary user";
  return `root (the database runs as nobody, its data in ${databaseFolder()})`;
}

async function tool(name: string, remedy: string): Promise<Finding> {
  const answer = await capture(name, ["--version"]).catch(() => undefined);
  if (answer?.code === 0) return { well: true, text: `${name} ${/\d+(\.\d+)+/.exec(answer.output)?.[0] ?? ""}` };
  return { well: false, text: `${name} is missing: ${remedy}` };
}

function dependencies(): Finding {
  if (isPresent("node_modules/.modules.yaml")) return { well: true, text: "dependencies are installed" };
  return { well: undefined, text: "dependencies are not installed yet: ./zg start does it" };
}

/** What the login of DATABASE_URL lacks. The embedded database's login is ours, and lacks nothing. */
async function database(): Promise<Finding[]> {
  const url = process.env["DATABASE_URL"];
  if (!url || !isPresent("node_modules/.modules.yaml")) return [];
  const { checkDatabase } = await import("@zhanggui/kit/server/database-check");
  const { tenantRoleOf } = await import("@zhanggui/kit/server/policies");
  try {
    const problems = await checkDatabase(url, { tenantRole: tenantRoleOf });
    if (problems.length === 0) return [{ well: true, text: "the login of DATABASE_URL may do what the server needs" }];
    return problems.map(({ sentence, remedy }) => ({
      well: false,
      text: [sentence, ...remedy.map((line) => `    ${line}`)].join("\n"),
    }));
  } catch (error) {
    return [{ well: false, text: `DATABASE_URL does not answer: ${describeError(error)}` }];
  }
}

/** Whether RabbitMQ answers where AMQP_URL says. */
async function broker(): Promise<Finding[]> {
  const url = process.env["AMQP_URL"];
  if (!url || !isPresent("node_modules/.modules.yaml")) return [];
  const { assertBroker } = await import("@zhanggui/server/foundation/webhooks/broker");
  try {
    await assertBroker(url);
    return [{ well: true, text: "RabbitMQ answers at AMQP_URL" }];
  } catch (error) {
    return [{ well: false, text: `AMQP_URL: ${describeError(error)}` }];
  }
}

/** Whether files can be kept where FILES_… says. What `./zg start` sets by itself is well. */
async function files(): Promise<Finding[]> {
  const { FILES_DIR: folder, FILES_S3_BUCKET: bucket } = process.env;
  if ((!folder && !bucket) || !isPresent("node_modules/.modules.yaml")) return [];
  const { openStorage } = await import("@zhanggui/server/foundation/files/open-storage");
  const { assertStorage } = await import("@zhanggui/server/foundation/files/storage");
  const { readEnv } = await import("@zhanggui/kit/server/env");
  // What else the server needs is none of this finding's.
  const rest = { DATABASE_URL: "postgres://127.0.0.1/none", SECRET_KEY: Buffer.alloc(32).toString("base64") };
  try {
    const env = readEnv({ ...filesVariables(), ...rest, JWT_SECRET: "-".repeat(32) });
    const storage = openStorage(env);
    await assertStorage(storage);
    return [{ well: true, text: `files can be kept in ${storage.place}` }];
  } catch (error) {
    return [{ well: false, text: describeError(error) }];
  }
}

function filesVariables(): Record<string, string | undefined> {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => name.startsWith("FILES_")));
}

async function room(folder: string, name: string, wantedGigabytes: number, otherwise?: string): Promise<Finding> {
  const found = await statfs(folder).catch(() => undefined);
  if (!found) return { well: undefined, text: `${name}: no ${folder}` };
  const bytes = found.bavail * found.bsize;
  const text = `${gigabytes(bytes)} free in ${folder} (${name})`;
  if (bytes >= wantedGigabytes * 1024 ** 3) return { well: true, text };
  return { well: otherwise === undefined ? false : undefined, text: `${text}: ${otherwise ?? "too little"}` };
}

async function running(): Promise<Finding[]> {
  const holder = await lockHolder(startLock);
  if (holder !== undefined) return [{ well: undefined, text: `it runs (process ${holder})` }];
  const findings: Finding[] = [];
  const left = await liveRecords(recordFolder);
  for (const { name, processId } of left) {
    findings.push({ well: undefined, text: `a killed start left ${name} (process ${processId}): ./zg stop ends it` });
  }
  const cluster = await findCluster(databaseFolder()).catch(() => undefined);
  if (cluster) findings.push({ well: undefined, text: `a killed start left the database running: ./zg stop ends it` });
  if (left.length > 0) return findings;
  const ports = portsFrom(defaultPort);
  const problem = await demandFree(ports).then(() => undefined, describeError);
  findings.push({ well: problem === undefined, text: problem ?? `ports ${ports.server} to ${ports.mail} are free` });
  return findings;
}

function browser(): Finding {
  if (isComplete()) return { well: true, text: "a browser and a Chinese font for the journey tests" };
  return {
    well: undefined,
    text: "no browser with a Chinese font: the journey tests want chromium, fonts-wqy-microhei",
  };
}

function gigabytes(bytes: number): string {
  return `${(bytes / 1024 ** 3).toFixed(1)} GB`;
}
