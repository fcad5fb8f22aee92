// Runs on any Node 18 or newer, so: plain JavaScript and nothing but Node's own modules.
// Brings the pinned Node (unless the machine's is new enough) and pnpm into .zg/runtime, and prints the Node to go on
// with.
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { delimiter, dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const stateFolder = resolve(here, "../../.zg");
const runtimeFolder = join(stateFolder, "runtime");
const { oldestNode, platforms } = JSON.parse(readFileSync(join(here, "runtime.json"), "utf8"));

/** Prints a sentence and ends: a stack trace helps nobody who only wants to start the program. */
function fail(sentence) {
  process.stderr.write(`zg: ${sentence}\n`);
  process.exit(1);
}

/** True when version `a` ("24.21.0", a leading v allowed) is not older than `b`. */
function isAtLeast(a, b) {
  const [left, right] = [a, b].map((version) => version.replace(/^v/, "").split(".").map(Number));
  for (let i = 0; i < 3; i++) if (left[i] !== right[i]) return left[i] > right[i];
  return true;
}

/** The versions of every `node` on PATH, the first that is new enough wins: its path, or undefined. */
function findMachineNode() {
  for (const folder of (process.env.PATH ?? "").split(delimiter)) {
    const path = join(folder, "node");
    // The runtime's own may be on PATH; it can be replaced at any time and is considered below.
    if (!folder || !existsSync(path) || path.startsWith(runtimeFolder)) continue;
    const answer = spawnSync(path, ["--version"], { encoding: "utf8" });
    if (answer.status === 0 && isAtLeast(answer.stdout.trim(), oldestNode)) return path;
  }
  return undefined;
}

/** A lock file of npm with exactly these packages; npm checks the integrity, and takes them from its own registry. */
function lockFile(packages) {
  const dependencies = Object.fromEntries(packages.map(({ name, version }) => [name, version]));
  const entries = packages.map(({ name, version, integrity }) => [`node_modules/${name}`, { version, integrity }]);
  const manifest = { name: "zg-runtime", version: "1.0.0", private: true, dependencies };
  const root = { name: manifest.name, version: manifest.version, dependencies };
  const lock = { ...root, lockfileVersion: 3, requires: true, packages: { "": root, ...Object.fromEntries(entries) } };
  delete lock.dependencies;
  return { manifest, lock };
}

/** Installs aside and renames, so that a killed attempt leaves nothing that looks finished. */
function install(packages, stamp) {
  const started = Date.now();
  const names = packages.map(({ name, version }) => `${name} ${version}`).join(", ");
  process.stderr.write(`… runtime: ${names}\n`);
  mkdirSync(stateFolder, { recursive: true });
  for (const name of readdirSync(stateFolder)) {
    // The process that made it is in its name; only its own death makes it rubbish.
    const owner = /^runtime\.(?:partial|old)-(\d+)$/.exec(name)?.[1];
    if (owner && !isAlive(Number(owner))) rmSync(join(stateFolder, name), { recursive: true, force: true });
  }
  const partial = join(stateFolder, `runtime.partial-${process.pid}`);
  mkdirSync(partial, { recursive: true });
  const { manifest, lock } = lockFile(packages);
  writeFileSync(join(partial, "package.json"), `${JSON.stringify(manifest, null, 2)}\n`);
  writeFileSync(join(partial, "package-lock.json"), `${JSON.stringify(lock, null, 2)}\n`);
  installPackages(partial);
  writeFileSync(join(partial, "stamp"), stamp);
  // Somebody else (the orphan of a killed start) may have finished meanwhile, and be running from it.
  if (readStamp() === stamp) {
    rmSync(partial, { recursive: true, force: true });
    return;
  }
  const old = join(stateFolder, `runtime.old-${process.pid}`);
  if (existsSync(runtimeFolder)) renameSync(runtimeFolder, old);
  renameSync(partial, runtimeFolder);
  rmSync(old, { recursive: true, force: true });
  process.stderr.write(`✓ runtime ${((Date.now() - started) / 1000).toFixed(1)} s\n`);
}

function installPackages(folder) {
  const words = ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--no-update-notifier", "--loglevel=error"];
  for (let attempt = 1; attempt <= 3; attempt++) {
    // Its standard output is ours to use: the shell reads the path of Node from it.
    const result = spawnSync("npm", words, { cwd: folder, stdio: ["ignore", 2, 2] });
    if (result.error?.code === "ENOENT") fail("npm is missing. On Debian or Ubuntu: apt-get install npm");
    if (result.signal) process.exit(130);
    if (result.status === 0) return;
    process.stderr.write(`zg: npm could not fetch the runtime (attempt ${attempt} of 3)\n`);
  }
  rmSync(folder, { recursive: true, force: true });
  fail("npm could not fetch the runtime. What npm says is above; is the network there?");
}

/** Which packages the present runtime holds; empty when there is none. */
function readStamp() {
  const file = join(runtimeFolder, "stamp");
  return existsSync(file) ? readFileSync(file, "utf8") : "";
}

function isAlive(processId) {
  try {
    process.kill(processId, 0);
    return true;
  } catch (error) {
    return error.code === "EPERM";
  }
}

if (!isAtLeast(process.version, "18.0.0"))
  fail(`Node 18 or newer is needed to begin with; this is ${process.version}.`);
const platform = platforms[`${process.platform}-${process.arch}`];
if (!platform) {
  const known = Object.keys(platforms).join(", ");
  fail(`${process.platform}-${process.arch} is not among the platforms it runs on: ${known}.`);
}
const machineNode = findMachineNode();
const packages = machineNode ? [platform.pnpm] : [platform.node, platform.pnpm];
const stamp = createHash("sha256").update(JSON.stringify(packages)).digest("hex");
const withNode = createHash("sha256")
  .update(JSON.stringify([platform.node, platform.pnpm]))
  .digest("hex");
const present = readStamp();
// A runtime that brought its own Node stays good when the machine gets a newer one later.
if (present !== stamp && present !== withNode) install(packages, stamp);
const ownNode = join(runtimeFolder, "node_modules", platform.node.name, "bin/node");
process.stdout.write(machineNode ?? ownNode);
