import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { promisify } from "node:util";

const run = promisify(execFile);

/** True while a process with this id exists and hasn't ended (a zombie has ended). */
export async function isRunning(processId: number): Promise<boolean> {
  try {
    process.kill(processId, 0);
  } catch (error) {
    // EPERM: it exists, but belongs to somebody else.
    if ((error as NodeJS.ErrnoException).code !== "EPERM") return false;
  }
  if (process.platform !== "linux") return true;
  const fields = await statFields(processId);
  return fields !== undefined && fields[0] !== "Z" && fields[0] !== "X";
}

/**
 * A text that differs between two processes that were given the same id one after the other; undefined when there is
 * no such process. Linux: ticks since boot plus the boot's own id; elsewhere what `ps` shows.
 */
export async function startMark(processId: number): Promise<string | undefined> {
  if (process.platform === "linux") {
    const fields = await statFields(processId);
    if (fields === undefined || fields[0] === "Z" || fields[0] === "X") return undefined;
    const boot = await readFile("/proc/sys/kernel/random/boot_id", "utf8").catch(() => "");
    return `${boot.trim()}:${fields[19]}`;
  }
  return (await ps(processId, "lstart=")) || undefined;
}

/** The command line of a process, its words joined by spaces; empty when it can't be read. */
export async function commandLine(processId: number): Promise<string> {
  if (process.platform !== "linux") return ps(processId, "command=");
  const raw = await readFile(`/proc/${processId}/cmdline`, "utf8").catch(() => "");
  return raw.split("\0").join(" ").trim();
}

/** The fields of /proc/<id>/stat from the third (state) on; the second may hold spaces and brackets. See proc(5). */
async function statFields(processId: number): Promise<string[] | undefined> {
  const stat = await readFile(`/proc/${processId}/stat`, "utf8").catch(() => undefined);
  return stat?.slice(stat.lastIndexOf(")") + 2).split(" ");
}

async function ps(processId: number, column: string): Promise<string> {
  const result = await run("ps", ["-o", column, "-p", String(processId)]).catch(() => ({ stdout: "" }));
  return result.stdout.trim();
}
