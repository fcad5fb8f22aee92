import { help, parseRequest, type Request } from "./arguments.ts";
import { endOnSignals } from "./commands.ts";
import { describeError, Problem } from "./problem.ts";
import { createProgress, type Progress } from "./progress.ts";

/** Runs one command; resolves with the exit code. Each command is loaded when it is asked for. */
async function perform(request: Request, progress: Progress): Promise<number> {
  switch (request.command) {
    case "help":
      process.stdout.write(help);
      return 0;
    case "start":
      return (await import("./start.ts")).start(request.options, progress);
    case "stop":
      await (await import("./stop.ts")).stop(progress);
      return 0;
    case "test":
      return (await import("./test.ts")).test(request.words, progress);
    case "check":
      return (await import("./check.ts")).check({ quick: request.quick }, progress);
    case "bench":
      return (await import("./bench.ts")).bench(request.words, progress);
    case "new":
      return "page" in request
        ? (await import("./new-page.ts")).newPage(request.page, progress)
        : (await import("./new.ts")).newModule(request.module, progress);
    case "mock":
      return (await import("./mock.ts")).mock(request.words, progress);
    case "shots":
      return (await import("./shots.ts")).shots(request.words, progress);
    case "load":
      return (await import("./load.ts")).load(request.words, progress);
    case "reseal":
      return (await import("./reseal.ts")).reseal(progress);
    case "audit":
      return (await import("./server-command.ts")).serverCommand(["audit"], progress);
    case "maintenance":
    case "backup":
    case "restore":
      return (await import("./server-command.ts")).serverCommand([request.command, ...request.words], progress);
    case "tables":
      return (await import("./tables.ts")).tables(progress);
    case "pack":
      return (await import("./pack.ts")).pack(progress);
    case "doctor":
      return (await import("./doctor.ts")).doctor(progress);
  }
}

try {
  const request = parseRequest(process.argv.slice(2));
  if (request.command !== "start") endOnSignals();
  process.exit(await perform(request, createProgress(process.stdout)));
} catch (error) {
  const isOurs = !(error instanceof Problem) && error instanceof Error;
  process.stderr.write(`zg: ${describeError(error)}\n${isOurs ? `${error.stack ?? ""}\n` : ""}`);
  process.exit(error instanceof Problem && error.message === "Interrupted." ? 130 : 1);
}
