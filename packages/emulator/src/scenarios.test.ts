import { readFile } from "node:fs/promises";
import { describe, expect, test } from "vitest";
import { apiRoutes } from "./wechat/routes.ts";
import { allRules, type Limit } from "./wechat/rules.ts";
import { writeRules } from "./wechat/write-rules.ts";
import { hostileScenarios } from "./testing/scenarios/hostile.ts";
import { junkScenarios } from "./testing/scenarios/junk.ts";
import { limitScenarios } from "./testing/scenarios/limits.ts";
import { massScenarios } from "./testing/scenarios/mass.ts";
import { mediaScenarios } from "./testing/scenarios/media.ts";
import { menuScenarios } from "./testing/scenarios/menus.ts";
import { miniScenarios } from "./testing/scenarios/mini.ts";
import { oauthScenarios } from "./testing/scenarios/oauth.ts";
import { peopleScenarios } from "./testing/scenarios/people.ts";
import { quotaScenarios } from "./testing/scenarios/quota.ts";
import { staffScenarios } from "./testing/scenarios/staff.ts";
import { Coverage } from "./testing/scenarios/stage.ts";

/*
 * What WeChat's documents say, played call by call: each call changes something or reads what another changed, each
 * limit is met at its bound and one beyond. The last tests hold that nothing was left out.
 */
const coverage = new Coverage();
const limits = allRules().filter((rule): rule is Limit => rule.kind === "limit");

describe("people and tags", () => peopleScenarios(coverage));
describe("menus", () => menuScenarios(coverage));
describe("media, drafts, customer-service messages", () => mediaScenarios(coverage));
describe("mass sending", () => massScenarios(coverage));
describe("quotas, addresses, kinds of account", () => quotaScenarios(coverage));
describe("pages that ask who somebody is", () => oauthScenarios(coverage));
describe("mini-programs", () => miniScenarios(coverage));
describe("customer-service staff", () => staffScenarios(coverage));
describe("limits", () => limitScenarios(coverage, limits));
describe("what broke it once", () => hostileScenarios(coverage));
describe("junk", () => junkScenarios(new Coverage()));

test("every call was answered in a scenario", () => {
  const missing = apiRoutes.map(({ path }) => path).filter((path) => !coverage.paths.has(path));
  expect(missing).toEqual([]);
});

test("every limit was met at its bound and beyond", () => {
  const missing = limits.filter(
    ({ id }) => !coverage.sides.get(id)?.has("most") || !coverage.sides.get(id)?.has("above"),
  );
  expect(missing.map(({ id }) => id)).toEqual([]);
});

test("no call answered a code that its place in the table doesn't name", () => {
  expect([...coverage.undeclared]).toEqual([]);
});

test("RULES.md is made of the rules as they are (cli.ts --rules prints it)", async () => {
  expect(await readFile(new URL("../RULES.md", import.meta.url), "utf8")).toBe(writeRules());
});
