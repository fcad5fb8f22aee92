#!/usr/bin/env node
import { parseArgs } from "node:util";
import { setFlagsFromString } from "node:v8";
import { type Emulator, startEmulator } from "./emulator.ts";
import { hostFamilyNames, type HostPorts } from "./host-ports.ts";
import { writeRules } from "./wechat/write-rules.ts";

const usage = `Usage: node cli.ts [--port 8791] [--smtp-port 2525] [--host 127.0.0.1] [--seed N] [--state FILE]
                   [--snapshots DIR [--restore NAME]]
                   [--tls-port 8443 [--tls-folder DIR]] [--allow-host NAME] [--log]
                   [--port-per-host 8801]
--state keeps the world in FILE from one run to the next; without it, stopping forgets everything.
--snapshots is where worlds are kept under a name (by the pages and the control API); without it, beside FILE.
--restore begins with the world of that name.
--tls-port takes TLS and CONNECT too, for programs whose hosts are hard-coded: let them trust DIR/ca.pem, and point
  HTTPS_PROXY at it, or WeChat's hosts in a hosts file. DIR is .zhanggui-emulator where it isn't given.
--port-per-host opens a port for each of WeChat's host families too: api, mp, open and file, from 8801 on.
--allow-host lets the pages and the control API be called by that name too (several: name it again).
--rules prints the table of rules, as Markdown, and ends.
Also by EMULATOR_PORT, EMULATOR_SMTP_PORT and EMULATOR_STATE. The addresses are printed once it is ready.
`;

// Smaller beats faster here: a stand-in runs beside the programs that somebody works on, and isn't what they wait for.
setFlagsFromString("--optimize-for-size");
await main();

async function main(): Promise<void> {
  const options = readOptions();
  if (options === null) return;
  try {
    const emulator = await startEmulator(options);
    process.stdout.write(
      `WeChat stand-in  ${emulator.url}\nmail             ${emulator.smtpUrl}\ncontrol API      ${emulator.url}/emulator/world\n${hostLines(emulator)}${tlsLine(emulator)}`,
    );
    stopOnSignals(() => emulator.stop());
  } catch (error) {
    process.stderr.write(`${sentence(error as Error)}\n`);
    process.exitCode = 1;
  }
}

function hostLines({ hosts }: Emulator): string {
  return Object.entries(hosts)
    .map(([family, url]) => `${family.padEnd(17)}${url}\n`)
    .join("");
}

function tlsLine({ tls }: Emulator): string {
  if (tls === null) return "";
  return `TLS and proxy    ${tls.proxyUrl}, trusted by ${tls.authorityPath}\n`;
}

function readOptions(): Parameters<typeof startEmulator>[0] | null {
  try {
    const { values } = parseArgs({
      options: {
        port: { type: "string", default: process.env["EMULATOR_PORT"] ?? "8791" },
        "smtp-port": { type: "string", default: process.env["EMULATOR_SMTP_PORT"] ?? "2525" },
        host: { type: "string", default: "127.0.0.1" },
        seed: { type: "string" },
        state: { type: "string", default: process.env["EMULATOR_STATE"] ?? "" },
        snapshots: { type: "string" },
        restore: { type: "string" },
        "tls-port": { type: "string" },
        "tls-folder": { type: "string", default: ".zhanggui-emulator" },
        "port-per-host": { type: "string" },
        "allow-host": { type: "string", multiple: true, default: [] },
        rules: { type: "boolean", default: false },
        log: { type: "boolean", default: false },
        help: { type: "boolean", default: false },
      },
    });
    if (values.help || values.rules) {
      process.stdout.write(values.rules ? writeRules() : usage);
      return null;
    }
    return {
      port: wholeNumber("--port", values.port),
      smtpPort: wholeNumber("--smtp-port", values["smtp-port"]),
      host: values.host,
      ...(values["tls-port"] === undefined
        ? {}
        : { tls: { port: wholeNumber("--tls-port", values["tls-port"]), folder: values["tls-folder"] } }),
      ...(values["port-per-host"] === undefined
        ? {}
        : { hostPorts: portsFrom(wholeNumber("--port-per-host", values["port-per-host"])) }),
      allowedHosts: values["allow-host"],
      log: values.log,
      ...(values.state === "" ? {} : { stateFile: values.state }),
      ...(values.snapshots === undefined ? {} : { snapshotFolder: values.snapshots }),
      ...(values.restore === undefined ? {} : { restore: values.restore }),
      ...(values.seed === undefined ? {} : { seed: wholeNumber("--seed", values.seed) }),
    };
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n${usage}`);
    process.exitCode = 2;
    return null;
  }
}

/** One after the other; 0: any free ones. */
function portsFrom(first: number): HostPorts {
  return Object.fromEntries(hostFamilyNames.map((family, index) => [family, first === 0 ? 0 : first + index]));
}

function wholeNumber(name: string, text: string): number {
  if (!/^\d{1,10}$/.test(text)) throw new Error(`${name} wants a whole number, not "${text}".`);
  return Number(text);
}

/** The first signal stops in good order; a second one, at once. */
function stopOnSignals(stop: () => Promise<void>): void {
  let stopping = false;
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.on(signal, () => {
      if (stopping) process.exit(1);
      stopping = true;
      void stop().then(() => process.exit(0));
    });
  }
}

function sentence(error: Error & { code?: string; port?: number }): string {
  if (error.code !== "EADDRINUSE") return error.message;
  return `Port ${error.port} is taken. Stop what listens there, or choose another with --port or --smtp-port.`;
}
