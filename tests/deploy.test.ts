import { execFileSync } from "node:child_process";
import { globSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import { expect, test } from "vitest";

const root = resolve(import.meta.dirname, "..");
const textOf = (path: string): string => readFileSync(resolve(root, path), "utf8");
const declared = [...textOf("packages/kit/src/server/env.ts").matchAll(/^ {2}([A-Z][A-Z0-9_]+): /gm)].map(
  ([, name = ""]) => name,
);
/** Named by whoever runs the server, though no field of the environment's shape: rings of one key. */
const known = new Set([...declared, "SECRET_KEY", "JWT_SECRET"]);

interface Dashboard {
  readonly panels: readonly { readonly title: string; readonly targets: readonly { readonly expr: string }[] }[];
}

test("the dashboard asks only for metrics that the server tells", () => {
  const sources = globSync("packages/kit/src/server/**/*.ts", { cwd: root }).map(textOf).join("\n");
  const { panels } = JSON.parse(textOf("deploy/grafana/zhanggui.json")) as Dashboard;
  const asked = panels.flatMap(({ targets }) =>
    targets.flatMap(({ expr }) => expr.match(/\b(?:zg|nodejs|process)_\w+/g) ?? []),
  );
  expect(new Set(asked).size).toBeGreaterThan(8);
  for (const name of asked.filter((each) => each.startsWith("zg_"))) {
    expect(sources, name).toContain(`"${name.replace(/_(?:count|bucket|sum)$/, "")}"`);
  }
  // prom-client's own are told by collectDefaultMetrics.
  const others = [...new Set(asked.filter((each) => !each.startsWith("zg_")))].toSorted();
  expect(others).toEqual(["nodejs_eventloop_lag_p99_seconds", "process_resident_memory_bytes"]);
});

test.each(["deploy/compose.yaml", "deploy/zhanggui.service", "deploy/Dockerfile", "docs/DEPLOYMENT.md"])(
  "%s names no variable that the server doesn't know",
  (path) => {
    const ofOthers = /^(?:POSTGRES_|NODE_)/;
    const named = [...textOf(path).matchAll(/\b([A-Z][A-Z0-9]*_[A-Z0-9_]+)(?==|: |\b)/g)].map(([, name = ""]) => name);
    const strange = named.filter((name) => !known.has(name) && !ofOthers.test(name) && !/^AF_|_$/.test(name));
    expect([...new Set(strange)]).toEqual([]);
  },
);

test("whoever ends a process waits longer than it may drain", () => {
  const [unready, drain] = ["UNREADY_SECONDS", "DRAIN_SECONDS"].map((name) =>
    Number(new RegExp(`${name}: number\\(\\d+, \\d+, (\\d+)\\)`).exec(textOf("packages/kit/src/server/env.ts"))?.[1]),
  );
  const needed = unready! + drain!;
  expect(Number(/stop_grace_period: (\d+)s/.exec(textOf("deploy/compose.yaml"))?.[1])).toBeGreaterThan(needed);
  expect(Number(/TimeoutStopSec=(\d+)/.exec(textOf("deploy/zhanggui.service"))?.[1])).toBeGreaterThan(needed);
  const grace = [...textOf("deploy/kubernetes/zhanggui.yaml").matchAll(/terminationGracePeriodSeconds: (\d+)/g)];
  expect(grace).toHaveLength(2);
  for (const [, seconds] of grace) expect(Number(seconds)).toBeGreaterThan(needed);
});

test("nothing runs as root, and nothing but the data is written to", () => {
  const image = textOf("deploy/Dockerfile");
  expect(image.indexOf("\nUSER node\n")).toBeGreaterThan(image.lastIndexOf("\nRUN "));
  const compose = textOf("deploy/compose.yaml");
  expect(compose).toContain("read_only: true");
  const kubernetes = textOf("deploy/kubernetes/zhanggui.yaml");
  expect(kubernetes.match(/runAsNonRoot: true/g)).toHaveLength(2);
  expect(kubernetes.match(/readOnlyRootFilesystem: true/g)).toHaveLength(2);
});

const hasSystemd = ((): boolean => {
  try {
    execFileSync("systemd-analyze", ["--version"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
})();

test.runIf(hasSystemd)("systemd understands every line of the unit", () => {
  const unit = textOf("deploy/zhanggui.service");
  expect(unit).toContain("[Service]");
  let said = "";
  try {
    execFileSync("systemd-analyze", ["verify", resolve(root, "deploy/zhanggui.service")], { stdio: "pipe" });
  } catch (error) {
    said = String((error as { stderr?: Buffer }).stderr);
  }
  // That the program isn't installed on this machine says nothing about the unit.
  const complaints = said.split("\n").filter((line) => /zhanggui\.service:\d+|Unknown|Failed to parse/.test(line));
  expect(complaints).toEqual([]);
});
