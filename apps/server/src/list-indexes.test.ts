import type { FieldInfo } from "@zhanggui/kit/contract/field";
import type { ListRoute } from "@zhanggui/kit/contract/list";
import type { Contract, Route } from "@zhanggui/kit/contract/route";
import { newId } from "@zhanggui/kit/contract/ids";
import { listQueries } from "@zhanggui/kit/server/list-page";
import { enterScope } from "@zhanggui/kit/server/scope";
import type { CompiledQuery } from "kysely";
import pg from "pg";
import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { contracts } from "./contracts.ts";
import { openTestServer, type Member, type TestServer } from "./testing/test-server.ts";

/*
 * What a list is sorted or narrowed by has an index, or its field says `unindexed`. Asked of PostgreSQL itself: with
 * sorting and reading whole tables made dear, a plan that still does either has no other way.
 */
let server: TestServer;
let owner: Member;
let client: pg.Client;
let role: string;
/** What lists of something are lists of. */
let formId: string;
beforeAll(async () => {
  server = await openTestServer(inject("clusterUrl"));
  owner = await server.asOwner();
  formId = (await owner.api.forms.create({ name: "表单" })).id;
  client = new pg.Client({ connectionString: server.databaseUrl });
  await client.connect();
  role = (await client.query<{ tenant_role: string }>("SELECT tenant_role FROM kit_database")).rows[0]!.tenant_role;
  await client.query("SET enable_seqscan = off; SET enable_sort = off; SET enable_incremental_sort = off");
});
afterAll(async () => {
  await client.end();
  await server.close();
});

const lists = Object.entries<Contract>(contracts).flatMap(([module, contract]) =>
  Object.entries(contract).flatMap(([key, route]) =>
    isList(route) ? [{ id: route.id, module, key, list: route.list }] : [],
  ),
);
function isList(route: Route): route is ListRoute {
  return route.list !== undefined;
}

/** The queries that a call of a list makes. */
async function queriesOf(module: string, key: string, query: object): Promise<CompiledQuery[]> {
  const made: CompiledQuery[] = [];
  const note = (message: unknown): void => void made.push(message as CompiledQuery);
  listQueries.subscribe(note);
  const calls = owner.api[module as keyof typeof owner.api] as unknown as Record<
    string,
    ((query: object) => Promise<unknown>) & { readonly route: Route }
  >;
  const inPath = calls[key]?.route.path.includes(":formId") ? { formId } : {};
  await calls[key]?.({ ...inPath, ...query });
  listQueries.unsubscribe(note);
  return made;
}

interface Plan {
  readonly "Node Type": string;
  readonly "Relation Name"?: string;
  readonly Plans?: readonly Plan[];
}
async function nodesOf({ sql, parameters }: CompiledQuery): Promise<Plan[]> {
  const scope = { role, tenantId: owner.tenantId, prepares: false, audit: "", now: () => server.clock.now() };
  await client.query(`BEGIN; ${enterScope(scope)}`);
  const { rows } = await client.query<{ "QUERY PLAN": [{ Plan: Plan }] }>({
    text: `EXPLAIN (FORMAT JSON) ${sql}`,
    values: [...parameters],
  });
  await client.query("ROLLBACK");
  const flat = (plan: Plan): Plan[] => [plan, ...(plan.Plans ?? []).flatMap(flat)];
  return rows.flatMap((row) => flat(row["QUERY PLAN"][0].Plan));
}

/** Columns of each index of the tables in a plan, the tenant apart, and what it is partial by. */
async function indexesOf(plan: readonly Plan[]): Promise<string[]> {
  const tables = plan.flatMap((node) => node["Relation Name"] ?? []);
  const { rows } = await client.query<{ indexdef: string }>(
    "SELECT DISTINCT indexdef FROM pg_indexes WHERE tablename = ANY ($1)",
    [tables],
  );
  return rows.map(({ indexdef }) => indexdef);
}

const snakeCase = (name: string): string => name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
function sampleOf({ filter, choices = {}, kind }: FieldInfo): unknown {
  if (filter === "yesNo") return true;
  if (filter === "range") return kind === "instant" ? { gte: "2026-01-01T00:00:00Z" } : { gte: 1 };
  const one = Object.keys(choices)[0] ?? (kind === "text" || kind === "event" ? "x" : newId(new Date()));
  return filter === "oneOf" ? [one] : one;
}

test("there are lists to ask", () => expect(lists.length).toBeGreaterThanOrEqual(4));

const sortsOf = ({ fields }: ListRoute["list"]): readonly FieldInfo[] =>
  fields.filter(({ sort, unindexed }) => sort !== undefined && !unindexed);
const sorted = lists.filter(({ list }) => sortsOf(list).length > 0);
test.each(sorted)("$id has an index for each order, both ways", async ({ module, key, list }) => {
  for (const field of sortsOf(list)) {
    for (const sort of [field.name, `-${field.name}`]) {
      for (const query of await queriesOf(module, key, { sort })) {
        const nodes = (await nodesOf(query)).map((node) => node["Node Type"]);
        expect(
          nodes.filter((node) => /Sort|Seq Scan/.test(node)),
          `${sort}: ${nodes.join(" < ")}`,
        ).toEqual([]);
      }
    }
  }
});

/** What has the order of ids is found by them. */
const filtersOf = ({ fields, filters }: ListRoute["list"]): readonly FieldInfo[] =>
  [...fields.filter(({ filter }) => filter !== undefined), ...filters].filter(
    ({ unindexed, sort }) => !unindexed && sort !== "id",
  );
const narrowed = lists.filter(({ list }) => filtersOf(list).length > 0);
test.each(narrowed)("$id has an index for each filter", async ({ module, key, list }) => {
  for (const field of filtersOf(list)) {
    const queries = await queriesOf(module, key, { [field.name]: sampleOf(field) });
    expect(queries.length).toBeGreaterThan(0);
    for (const query of queries) {
      const plan = await nodesOf(query);
      expect(
        plan.filter((node) => node["Node Type"] === "Seq Scan"),
        field.name,
      ).toEqual([]);
      const column = snakeCase(field.name);
      const isColumn = query.sql.includes(`"item"."${column}" =`);
      const pattern = new RegExp(`\\((tenant_id, ${column}|${column}, tenant_id)\\b`);
      if (isColumn)
        expect(
          (await indexesOf(plan)).some((index) => pattern.test(index)),
          field.name,
        ).toBe(true);
    }
  }
});
