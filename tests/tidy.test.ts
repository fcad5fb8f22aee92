import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { faultsOf } from "@zhanggui/kit/contract/faults-of";
import { contracts } from "@zhanggui/server/contracts";
import { modules } from "@zhanggui/server/modules";
import { beforeAll, describe, expect, test } from "vitest";
import { requirementsAreShown, requirementsOf } from "./tidy/requirements.ts";
import * as rules from "./tidy/rules.ts";

// The rules that a linter can't keep. A test's name is the rule's name.

const root = resolve(import.meta.dirname, "..");

let tree: rules.Tree;

beforeAll(() => {
  tree = readTree();
});

/** What git knows or would take in; a copy without git is read as it lies. */
function readTree(): rules.Tree {
  const listed = execFileSync("git", ["ls-files", "--cached", "--others", "--exclude-standard", "-z"], { cwd: root });
  const paths = listed
    .toString()
    .split("\0")
    .filter((path) => path !== "" && existsSync(join(root, path)));
  const isText = (path: string): boolean => /\.(ts|mjs|js|vue|sql|css|sh|md)$/.test(path);
  // Pictures and the like count by their name: links lead to them.
  return new Map(paths.map((path) => [path, isText(path) ? readFileSync(join(root, path), "utf8") : ""]));
}

describe("tidy", () => {
  test("the tree is read at all", () => {
    expect(tree.size).toBeGreaterThan(100);
  });
  test("files-stay-short", () => expect(rules.filesStayShort(tree)).toEqual([]));
  test("lines-stay-narrow", () => expect(rules.linesStayNarrow(tree)).toEqual([]));
  test("time-comes-from-ctx", () => expect(rules.timeComesFromCtx(tree)).toEqual([]));
  test("own-tables-only", () => expect(rules.ownTablesOnly(tree, modules)).toEqual([]));
  test("tables-have-tenants", () => expect(rules.tablesHaveTenants(tree, modules)).toEqual([]));
  test("owner-files-are-listed", () => expect(rules.ownerFilesAreListed(tree, modules)).toEqual([]));
  test("modules-have-readmes", () => expect(rules.modulesHaveReadmes(tree, modules)).toEqual([]));
  test("faults-speak-both-languages", () => expect(rules.faultsSpeakBothLanguages(faultsOf(contracts))).toEqual([]));
  test("faults-are-declared-by-routes", () =>
    expect(rules.faultsAreDeclaredByRoutes(tree, faultsOf(contracts))).toEqual([]));
  test("routes-are-documented", () => expect(rules.routesAreDocumented(contracts)).toEqual([]));
  test("events-are-named-by-module", () => expect(rules.eventsAreNamedByModule(tree, modules)).toEqual([]));
  test("requirements-are-shown", () => {
    expect(requirementsOf(tree.get("docs/requirements.md") ?? "").length).toBeGreaterThan(50);
    expect(requirementsAreShown(tree)).toEqual([]);
  });
  test("links-lead-somewhere", () => expect(rules.linksLeadSomewhere(tree)).toEqual([]));
});
