import { isIPv4 } from "node:net";
import { parseArgs } from "node:util";
import { Problem } from "../zg/problem.ts";
import { scenarioNames, type ScenarioName } from "./scenario-names.ts";

export interface Thresholds {
  /** Milliseconds. */
  readonly p95?: number;
  readonly p99?: number;
  /** Share of all that ended, 0 to 1. */
  readonly errors?: number;
}
export interface LoadOptions {
  readonly scenario: ScenarioName;
  readonly url: URL;
  /** Begun in a second, once the ramp is over. */
  readonly rate: number;
  readonly durationMs: number;
  /** How long the rate takes to rise from nothing. A part of the duration. */
  readonly rampMs: number;
  /** No more than so many are under way; what would be more isn't begun, and is counted. */
  readonly atOnce: number;
  readonly login: string;
  readonly password: string;
  /** The stand-in's address, for pushes. */
  readonly emulator: URL | undefined;
  readonly thresholds: Thresholds;
  /** Where the figures go as JSON. */
  readonly json: string | undefined;
}

/** A tool that measures must not be one that harms: what a small machine survives, and no longer than a pause. */
const most = { rate: 500, seconds: 600, atOnce: 200 } as const;

/** @throws Problem that says what would be right */
export function readOptions(words: readonly string[], env: Readonly<Record<string, string | undefined>>): LoadOptions {
  const { values, positionals } = parsed(words);
  const [name = "", ...more] = positionals;
  const scenario = scenarioNames.find((known) => known === name);
  if (scenario === undefined || more.length > 0)
    throw new Problem(`./zg load <scenario>: one of ${scenarioNames.join(", ")}. docs/LOAD.md shows each.`);
  const url = urlOf("--url", values.url);
  assertOwn(url, values["i-own"] ?? []);
  const emulator = values.emulator === undefined ? undefined : urlOf("--emulator", values.emulator);
  if (emulator !== undefined) assertOwn(emulator, values["i-own"] ?? []);
  const seconds = number("--duration", values.duration, 1, most.seconds);
  const ramp = number("--ramp", values.ramp ?? String(Math.min(5, seconds / 4)), 0, seconds);
  return {
    scenario,
    url,
    rate: number("--rate", values.rate, 0.1, most.rate),
    durationMs: seconds * 1000,
    rampMs: ramp * 1000,
    atOnce: number("--at-once", values["at-once"], 1, most.atOnce),
    login: values.login ?? env["LOAD_LOGIN"] ?? "",
    // Of a command line everybody on the machine can read it.
    password: env["LOAD_PASSWORD"] ?? "",
    emulator,
    thresholds: thresholdsOf(values.threshold ?? []),
    json: values.json,
  };
}

function parsed(words: readonly string[]) {
  const text = { type: "string" } as const;
  const several = { type: "string", multiple: true } as const;
  try {
    return parseArgs({
      args: [...words],
      allowPositionals: true,
      options: {
        url: { ...text, default: "http://127.0.0.1:8780" },
        rate: { ...text, default: "10" },
        duration: { ...text, default: "30" },
        ramp: text,
        "at-once": { ...text, default: "50" },
        login: text,
        emulator: text,
        threshold: several,
        "i-own": several,
        json: text,
      },
    });
  } catch (error) {
    throw new Problem(error instanceof Error ? error.message : String(error));
  }
}

function urlOf(option: string, text: string): URL {
  const url = URL.parse(text);
  if (url === null || !/^https?:$/.test(url.protocol))
    throw new Problem(`${option} wants an address such as http://127.0.0.1:8780, not "${text}".`);
  return url;
}

/** Load on a machine that isn't one's own is an attack. @throws Problem for one that nobody says they own */
function assertOwn({ hostname }: URL, owned: readonly string[]): void {
  const host = hostname.replace(/^\[(.*)\]$/, "$1");
  const isHere = host === "localhost" || host === "::1" || (isIPv4(host) && host.startsWith("127."));
  if (isHere || owned.includes(host)) return;
  throw new Problem(`${host} isn't this machine. If it is yours to put under load, say so: --i-own ${host}`);
}

function number(option: string, text: string, least: number, upTo: number): number {
  const value = Number(text);
  if (text.trim() !== "" && value >= least && value <= upTo) return value;
  throw new Problem(`${option} wants a number from ${least} to ${upTo}, not "${text}".`);
}

function thresholdsOf(given: readonly string[]): Thresholds {
  const pairs = given.map((text) => {
    const [, name = "", figure = "", percent] = /^(p95|p99|errors)=(\d+(?:\.\d+)?)(%?)$/.exec(text) ?? [];
    if (name === "" || (name === "errors") !== (percent === "%"))
      throw new Problem(`--threshold wants p95=<ms>, p99=<ms> or errors=<n>%, not "${text}".`);
    return [name, name === "errors" ? Number(figure) / 100 : Number(figure)] as const;
  });
  return Object.fromEntries(pairs);
}
