import { parseArgs } from "node:util";
import { contracts } from "@zhanggui/server/contracts";
import { Mock } from "./answer.ts";
import { hasConsole, sendFile } from "./files.ts";
import { isAbout, mockServer, type Rule } from "./server.ts";
import { defaultUser, specialsOf } from "./specials.ts";

/*
 * `./zg mock`: the API without a server behind it, for whoever works on the console or on a program that calls it.
 * Options: --port, --pass <routes>=<address>, --fault <routes>=<code>, --latency <ms>, --day <YYYY-MM-DD>.
 */

const defaultPort = 8790;
const dayMs = 86_400_000;
/** @throws Error for a rule that is about no route, or whose value can't be */
function rulesOf(given: readonly string[] | undefined, check: (value: string) => unknown): Rule[] {
  const routes = Object.values(contracts).flatMap((contract) => Object.values(contract));
  return (given ?? []).map((text) => {
    const [pattern = "", value = ""] = text.split(/=(.*)/s);
    const rule = { pattern, value };
    if (!routes.some((route) => isAbout(rule, route))) throw new Error(`"${pattern}" is no route, nor a module's .*`);
    check(value);
    return rule;
  });
}

const { values } = parseArgs({
  options: {
    port: { type: "string", default: String(defaultPort) },
    pass: { type: "string", multiple: true },
    fault: { type: "string", multiple: true },
    latency: { type: "string", default: "0" },
    day: { type: "string" },
  },
});
const [port, latencyMs] = [Number(values.port), Number(values.latency)];
// Where today began: what happened stays where it was for a day, and `--day` keeps it for good.
const nowMs = values.day === undefined ? Math.floor(Date.now() / dayMs) * dayMs : Date.parse(`${values.day}T00:00:00Z`);
if (![port, latencyMs, nowMs].every((each) => Number.isInteger(each) && each >= 0))
  throw new Error("--port and --latency want whole numbers, --day a day such as 2026-11-29");
const server = mockServer({
  contracts,
  mock: new Mock({ contracts, nowMs, ...(await specialsOf(contracts)) }),
  passes: rulesOf(values.pass, (address) => new URL(address)),
  faults: rulesOf(values.fault, () => undefined),
  latencyMs,
  ...(hasConsole() ? { files: sendFile } : {}),
});
server.listen(port, "127.0.0.1", () => {
  const address = `http://127.0.0.1:${(server.address() as { port: number }).port}`;
  process.stdout.write(
    `The console with made-up data: ${address}  (${defaultUser}, any password)\n` +
      `The API: ${address}/api · the console's own server: ZHANGGUI_SERVER=${address} pnpm --filter @zhanggui/console dev\n`,
  );
});
for (const signal of ["SIGINT", "SIGTERM"] as const)
  process.once(signal, () => {
    server.close();
    server.closeAllConnections();
  });
