import type { AddressInfo } from "node:net";
import { isJson } from "@zhanggui/kit/contract/body";
import { createClient } from "@zhanggui/kit/contract/client";
import type { ListRoute } from "@zhanggui/kit/contract/list";
import { ApiProblem } from "@zhanggui/kit/contract/problem";
import { errorsOf } from "@zhanggui/forms/errors";
import type { Form } from "@zhanggui/forms/form";
import { madeFormProblem } from "@zhanggui/forms/made-form-guard";
import type { Values } from "@zhanggui/forms/values";
import type { Route } from "@zhanggui/kit/contract/route";
import { contracts } from "@zhanggui/server/contracts";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Asked, Mock } from "./answer.ts";
import { mockServer } from "./server.ts";
import { specialsOf } from "./specials.ts";
import { itemOf, type Row, World } from "./world.ts";

const nowMs = Date.parse("2026-11-29T00:00:00Z");
const routes: readonly Route[] = Object.values(contracts).flatMap((contract) => Object.values(contract));
const known = await specialsOf(contracts);
const mock = new Mock({ contracts, nowMs, ...known });
const again = new Mock({ contracts, nowMs, ...known });
const user = "qing@lantern-tea.example";

/** Something that a route can be called with: ids of rows that there are. */
function askedOf(route: Route, who = user): Asked {
  const world = new World(contracts, who, nowMs, known.texts);
  const fields = (shape: Route["query"], name: string) =>
    shape === undefined ? {} : (shape.parse(JSON.parse(JSON.stringify(world.value(shape, route.id, name)))) as Row);
  // Lists of different modules may end in the same word: what a route is about is in the one that its path begins with.
  const listed = Object.keys(route.params?.shape ?? {}).flatMap((name) => {
    const list = lists.find(({ path }) => route.path.startsWith(`${path}/:${name}`));
    const item = list === undefined ? undefined : itemOf(list.reply);
    const row = list === undefined || item === undefined ? undefined : world.rows(list.path, item)[0];
    return row === undefined ? [] : [[name, row["id"]] as const];
  });
  const params = {
    ...fields(route.params, "params"),
    ...Object.fromEntries(listed),
    ...("key" in (route.params?.shape ?? {}) ? { key: aSetting } : {}),
  };
  const body = isJson(route.body) ? fields(route.body as Route["query"], "body") : {};
  // A list's query asks for nothing; what has to be said is made up.
  const query = route.query?.safeParse({}).data ?? fields(route.query, "query");
  return { params, query, body };
}
const aSetting = "links.reuseMinutes";
const json = routes.filter(({ reply }) => isJson(reply));
const lists = routes.filter((route): route is ListRoute => route.list !== undefined && route.params === undefined);

describe("every route", () => {
  test.each(json.map((route) => [route.id, route] as const))("%s: the reply fits its shape", (_, route) => {
    for (const who of ["owner", "小满", ""]) {
      const answered = mock.answer(route, askedOf(route, who), who);
      expect(isJson(route.reply) && route.reply.safeParse(answered).error?.issues).toBeUndefined();
    }
  });

  test("there are some of every kind", () => expect(json.length).toBeGreaterThan(60));

  test("the same user is told the same after a restart, and another one something else", () => {
    const told = (from: Mock, who: string) => json.map((route) => from.answer(route, askedOf(route, who), who));
    const steady = (replies: unknown[]) =>
      JSON.parse(JSON.stringify(replies), (key, value: unknown) => (key.endsWith("ExpiresAt") ? 0 : value)) as unknown;
    expect(steady(told(again, user))).toEqual(steady(told(mock, user)));
    expect(steady(told(mock, "owner"))).not.toEqual(steady(told(mock, user)));
  });
});

test("what a shape leaves open is what the contract gives as an example: a form that can be published and filled in", () => {
  const answered = (key: "get" | "getVersion" | "getAnswer" | "open") =>
    mock.answer(contracts.forms[key], askedOf(contracts.forms[key], user), user) as Row;
  for (const made of [answered("get")["draft"], answered("getVersion")["made"]])
    expect(madeFormProblem(made)).toBeUndefined();
  const { form, answers } = answered("getAnswer");
  expect(errorsOf(form as Form, answers as Values)).toEqual([]);
  expect(errorsOf(answered("open")["form"] as Form, {})).toHaveLength(1);
});

const read = (route: Route, query: Row = {}) =>
  mock.answer(route, { params: {}, query: route.query?.parse(query) as Row, body: {} }, user) as {
    items: Row[];
    next: string | null;
    total?: number;
  };

describe.each(lists.map((route) => [route.id, route] as const))("%s", (_, route) => {
  const all = read(route, { limit: 200 });

  test("pages hold every row once, in the list's order", () => {
    const limit = Math.max(1, Math.ceil(all.items.length / 3));
    const found: Row[] = [];
    let page = read(route, { limit });
    expect(page.total).toBe(all.items.length);
    for (found.push(...page.items); page.next !== null; found.push(...page.items))
      page = read(route, { limit, cursor: page.next });
    expect(found).toEqual(all.items);
    expect(new Set(found.map(({ id }) => id)).size).toBe(found.length);
  });

  test.each(route.list.fields.filter(({ sort }) => sort !== undefined).map(({ name }) => name))(
    "sorted by %s it stands in that order, what has none last",
    (name) => {
      for (const [sort, turn] of [
        [name, 1],
        [`-${name}`, -1],
      ] as const) {
        const values = read(route, { sort, limit: 200 }).items.map((row) => row[name] as string | number | null);
        const some = values.filter((value) => value !== null);
        expect(values.slice(0, some.length)).toEqual(some);
        const isInOrder = some.every(
          (value, at) => at === 0 || value === some[at - 1] || value > some[at - 1]! === turn > 0,
        );
        expect(isInOrder).toBe(true);
      }
    },
  );

  test.each(
    route.list.fields.filter(({ filter }) => filter !== undefined).map((field) => [field.name, field] as const),
  )("narrowed by %s it has those rows and no others", (name, { filter }) => {
    const value = all.items.map((row) => row[name]).find((each) => each !== null) as string;
    const query = filter === "range" ? { [name]: { gte: value } } : { [name]: String(value) };
    const rest = (row: Row) =>
      filter === "range" ? (row[name] as string | null) !== null && row[name]! >= value : row[name] === value;
    expect(read(route, { ...query, limit: 200 }).items).toEqual(all.items.filter(rest));
  });

  const searched = route.list.search === undefined ? [] : [route.id];
  test.each(searched)("%s: searched, every row that is found holds the words", () => {
    const word = Object.entries(all.items[0] ?? {})
      .filter(([key]) => /^(name|displayName|title|personName|address|shortcut)$/.test(key))
      .map(([, value]) => value as string)[0]!;
    const found = read(route, { search: word }).items;
    expect(found.length).toBeGreaterThan(0);
    expect(found.every((row) => JSON.stringify(row).includes(word))).toBe(true);
  });

  test("what is told of a row by itself is what the list tells", () => {
    const detail = routes.find(
      ({ method, path }) =>
        method === "get" &&
        path.startsWith(`${route.path}/:`) &&
        path.split("/").length === route.path.split("/").length + 1,
    );
    const [name = ""] = Object.keys(detail?.params?.shape ?? {});
    for (const row of detail === undefined ? [] : all.items.slice(0, 20)) {
      const told = mock.answer(detail!, { params: { [name]: row["id"] }, query: {}, body: {} }, user) as Row;
      const shared = Object.keys(row).filter((key) => key in told && !Array.isArray(row[key]));
      for (const key of shared) expect([key, told[key]]).toEqual([key, row[key]]);
    }
    expect(all.items.length).toBeGreaterThan(0);
  });
});

describe("over HTTP", () => {
  const real = mockServer({
    contracts,
    mock: new Mock({ contracts, nowMs, specials: { "audience.listTags": () => ({ items: [], next: null }) } }),
  });
  let server: ReturnType<typeof mockServer>;
  let url = "";
  const clientOf = (headers: Record<string, string> = {}) =>
    createClient(contracts, { baseUrl: url, headers: () => headers });

  beforeAll(async () => {
    const listening = (each: typeof real) =>
      new Promise<string>((done) =>
        each.listen(0, "127.0.0.1", () => done(`http://127.0.0.1:${(each.address() as AddressInfo).port}`)),
      );
    const passes = [{ pattern: "audience.listTags", value: await listening(real) }];
    server = mockServer({ contracts, mock, passes, faults: [{ pattern: "links.*", value: "kit.shutting_down" }] });
    url = await listening(server);
  });
  afterAll(() => {
    for (const each of [server, real]) {
      each.close();
      each.closeAllConnections();
    }
  });
  const codeOf = (call: Promise<unknown>) =>
    call.then(
      () => "none",
      (error: unknown) => (error instanceof ApiProblem ? error.code : String(error)),
    );

  test("any password signs in, with every right, and the token says for whom", async () => {
    const session = await clientOf().access.login({ login: user, password: "whatever" });
    expect(session.me).toMatchObject({ account: { login: user }, tenant: { name: "灯笼茶" } });
    expect(session.me.permissions).toContain("audience:contacts");
    const mine = await clientOf({ authorization: `Bearer ${session.accessToken}` }).audience.listPeople({});
    expect(mine).toEqual(read(contracts.audience.listPeople));
    expect((await clientOf().access.refresh({ refreshToken: session.refreshToken })).me).toEqual(session.me);
  });

  test("a page that keeps its session in a cookie is the same user's when it is loaded again", async () => {
    const address = `${url}/api/sessions`;
    const headers = { "content-type": "application/json" };
    const body = JSON.stringify({ login: user, password: "whatever", keepIn: "cookie" });
    const cookie = (await fetch(address, { method: "POST", headers, body })).headers.get("set-cookie") ?? "";
    expect(cookie).toContain("HttpOnly");
    const sent = { ...headers, cookie: `theme=dark; ${cookie.split(";")[0]}` };
    const renewed = await fetch(`${address}/refresh`, { method: "POST", headers: sent, body: "{}" });
    expect(await renewed.json()).toMatchObject({ me: { account: { login: user } } });
  });

  test("a filter comes through the address, and a wrong one is refused at its field", async () => {
    const after = "2026-11-20T00:00:00.000Z";
    const { items } = await clientOf().audience.listPeople({ firstSeenAt: { gte: after }, following: true });
    expect(items.length).toBeGreaterThan(0);
    expect(items.every(({ firstSeenAt, following }) => firstSeenAt >= after && following)).toBe(true);
    const refused = await fetch(`${url}/api/people?limit=0`);
    expect([refused.status, await refused.json()]).toMatchObject([400, { errors: [{ field: "limit" }] }]);
    expect(await codeOf(clientOf().audience.listPeople({ cursor: "nonsense" }))).toBe("kit.invalid_input");
  });

  test("a fault comes when it is asked for: by the request, by its address, by a rule", async () => {
    expect(await codeOf(clientOf({ "x-mock-fault": "access.locked_out" }).access.me())).toBe("access.locked_out");
    expect((await fetch(`${url}/api/me?mock-fault=kit.forbidden`)).status).toBe(403);
    expect(await codeOf(clientOf().links.list({}))).toBe("kit.shutting_down");
    expect(await codeOf(clientOf({ "x-mock-fault": "no.such" }).access.me())).toBe("kit.invalid_input");
  });

  test("what isn't there isn't found", async () => {
    const personId = "01900000-0000-7000-8000-000000000009";
    expect(await codeOf(clientOf().audience.getPerson({ personId }))).toBe("kit.not_found");
    expect((await fetch(`${url}/api/people/nobody`)).status).toBe(404);
    expect((await fetch(`${url}/api/nothing`)).status).toBe(404);
    expect((await fetch(`${url}/api/me`, { method: "DELETE" })).status).toBe(405);
  });

  test("a change is answered as if it were made", async () => {
    const { items } = await clientOf().messaging.listRules({});
    const { id: ruleId, enabled, name } = items[0]!;
    expect(await clientOf().messaging.updateRule({ ruleId, enabled: !enabled })).toMatchObject({
      name,
      enabled: !enabled,
    });
  });

  test("chosen routes are answered by another server", async () => {
    expect((await clientOf().audience.listTags()).items).toEqual([]);
    expect((await fetch(`${url}/api/people?limit=1`)).status).toBe(200);
  });

  test("a list is a file for whoever asks for one", async () => {
    const file = await fetch(`${url}/api/wechat/channels`, { headers: { accept: "text/csv" } });
    expect((await file.text()).split("\r\n")).toHaveLength(1 + 9 + 1);
  });
});
