import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { refusal } from "../../testing/refusal.ts";
import { openTestServer, type Member, type TestServer } from "../../testing/test-server.ts";
import { mostOwn, mostShared } from "./views.contract.ts";

let server: TestServer;
beforeAll(async () => {
  server = await openTestServer(inject("clusterUrl"));
});
afterAll(() => server.close());

const list = "audience.listPeople";
const recent = { list, query: { lastSeenAt: "7d", sort: "firstSeenAt" }, hidden: ["channelName"], isDense: true };
const namesFor = async ({ api }: Member, query: { list?: string } = {}) =>
  (await api.views.list(query)).items.map(({ name }) => name);

test("a view keeps what somebody made of a list, days as they were meant, for its owner alone", async () => {
  const owner = await server.asOwner();
  const operator = await server.as("operator", owner);
  const made = await owner.api.views.create({ ...recent, name: "本周活跃" });
  expect(made).toMatchObject({ ...recent, name: "本周活跃", isOwn: true, isShared: false, opens: false });
  expect((await owner.api.views.list({ list })).items).toEqual([made]);
  expect(await namesFor(owner, { list: "links.list" })).toEqual([]);
  expect(await namesFor(operator)).toEqual([]);
  for (const change of [
    operator.api.views.update({ viewId: made.id, name: "x" }),
    operator.api.views.delete({ viewId: made.id }),
  ])
    expect(await refusal(change)).toMatchObject({ code: "kit.not_found" });
});

test("a shared view is everybody's to use, and for whoever may share to change", async () => {
  const owner = await server.asOwner();
  const [operator, finance] = [await server.as("operator", owner), await server.as("finance", owner)];
  const { id: viewId } = await owner.api.views.create({ ...recent, name: "Regulars" });
  expect(await refusal(finance.api.views.share({ viewId, isShared: true }))).toMatchObject({ code: "kit.forbidden" });
  expect(await refusal(operator.api.views.share({ viewId, isShared: true }))).toMatchObject({ code: "kit.not_found" });
  await owner.api.views.share({ viewId, isShared: true });
  const [seen] = (await finance.api.views.list({ list })).items;
  expect(seen).toMatchObject({ id: viewId, isOwn: false, isShared: true, ownerName: "Owner" });
  expect(await refusal(finance.api.views.update({ viewId, name: "Mine" }))).toMatchObject({ code: "kit.forbidden" });
  expect(await refusal(finance.api.views.delete({ viewId }))).toMatchObject({ code: "kit.forbidden" });
  expect(await operator.api.views.update({ viewId, name: "Ours" })).toMatchObject({ name: "Ours", isOwn: false });
  const first = operator.api.views.update({ viewId, opens: true });
  expect(await refusal(first)).toMatchObject({ code: "kit.forbidden" });
  await operator.api.views.delete({ viewId });
  expect(await namesFor(owner)).toEqual([]);
});

test("somebody who is switched off takes no shared view along", async () => {
  const owner = await server.asOwner();
  const operator = await server.as("operator", owner);
  const { id: viewId } = await operator.api.views.create({ ...recent, name: "Handed on" });
  await operator.api.views.create({ ...recent, name: "Own" });
  await operator.api.views.share({ viewId, isShared: true });
  await owner.api.access.updateAccount({ accountId: operator.accountId, disabled: true });
  expect(await namesFor(owner)).toEqual(["Handed on"]);
  expect(await owner.api.views.update({ viewId, isDense: false })).toMatchObject({ isDense: false });
});

test("views of a list that one may not read aren't given, and can't be made", async () => {
  const owner = await server.asOwner();
  const powerless = await server.asHolderOf([], owner);
  const { id: viewId } = await owner.api.views.create({ ...recent, name: "Regulars" });
  await owner.api.views.share({ viewId, isShared: true });
  expect(await namesFor(powerless)).toEqual([]);
  expect(await namesFor(powerless, { list })).toEqual([]);
  const made = powerless.api.views.create({ ...recent, name: "Guess" });
  expect(await refusal(made)).toMatchObject({ code: "kit.not_found" });
  const unknown = owner.api.views.create({ ...recent, list: "audience.getPerson", name: "Not a list" });
  expect(await refusal(unknown)).toMatchObject({ code: "kit.not_found" });
});

test("a shared view tells nobody of fields that they may not see, and keeps them through their changes", async () => {
  const owner = await server.asOwner();
  const reader = await server.asHolderOf(["audience:read", "views:share"], owner);
  const hidden = ["phone", "channelName"];
  const { id: viewId } = await owner.api.views.create({ ...recent, hidden, name: "Regulars" });
  await owner.api.views.share({ viewId, isShared: true });
  const [seen] = (await reader.api.views.list({ list })).items;
  expect(seen).toMatchObject({ hidden: ["channelName"], withheldCount: 1 });
  await reader.api.views.update({ viewId, hidden: ["tags"], query: { following: "true" } });
  const [kept] = (await owner.api.views.list({ list })).items;
  expect(kept).toMatchObject({ hidden: ["phone", "tags"], query: { following: "true" }, withheldCount: 0 });
  const guess = await refusal(reader.api.views.create({ ...recent, hidden, name: "Guess" }));
  expect(guess).toMatchObject({ code: "kit.invalid_input", errors: [{ field: "hidden.0" }] });
});

test("a name is taken once of one's own and of one list, in any case, however many ask at once", async () => {
  const owner = await server.asOwner();
  const operator = await server.as("operator", owner);
  const calls = Array.from({ length: 20 }, () => owner.api.views.create({ ...recent, name: "Once" }));
  const outcomes = await Promise.allSettled(calls);
  expect(outcomes.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
  const again = await refusal(owner.api.views.create({ ...recent, name: "ONCE" }));
  expect(again).toMatchObject({ code: "views.name_taken", errors: [{ field: "name" }] });
  const { id: viewId } = await owner.api.views.create({ ...recent, name: "Twice" });
  const renamed = await refusal(owner.api.views.update({ viewId, name: "once" }));
  expect(renamed).toMatchObject({ code: "views.name_taken", errors: [{ field: "name" }] });
  expect(await operator.api.views.create({ ...recent, name: "Once" })).toMatchObject({ name: "Once" });
  expect(await owner.api.views.create({ list: "links.list", query: {}, hidden: [], name: "Once" })).toMatchObject({
    list: "links.list",
  });
});

test("one view of a list opens first, however many are set at once", async () => {
  const owner = await server.asOwner();
  const ids: string[] = [];
  for (const name of ["a", "b", "c"]) ids.push((await owner.api.views.create({ ...recent, name, opens: true })).id);
  await owner.api.views.create({ list: "links.list", query: {}, hidden: [], name: "d", opens: true });
  const opening = async () => (await owner.api.views.list({ list })).items.filter(({ opens }) => opens);
  expect((await opening()).map(({ name }) => name)).toEqual(["c"]);
  await Promise.all(ids.flatMap((viewId) => [1, 2, 3].map(() => owner.api.views.update({ viewId, opens: true }))));
  expect(await opening()).toHaveLength(1);
  expect((await owner.api.views.list({})).items.filter(({ opens }) => opens)).toHaveLength(2);
});

test("what a list doesn't have, and what is too long, is refused at its field", async () => {
  const { api } = await server.asOwner();
  const fieldsOf = async (change: object) => {
    const { code, errors } = await refusal(api.views.create({ ...recent, name: "Odd", ...change }));
    return [code, ...(errors ?? []).map(({ field }) => field)];
  };
  expect(await fieldsOf({ query: { shoeSize: "43", following: "true" } })).toEqual([
    "kit.invalid_input",
    "query.shoeSize",
  ]);
  expect(await fieldsOf({ hidden: ["following", "shoeSize"] })).toEqual(["kit.invalid_input", "hidden.1"]);
  const long = Object.fromEntries(
    ["tagId", "firstChannelId", "search", "sort", "following"].map((name) => [name, "x".repeat(900)]),
  );
  expect(await fieldsOf({ query: long })).toEqual(["kit.invalid_input", "query"]);
  expect(await fieldsOf({ query: { search: "x".repeat(1001) } })).toEqual(["kit.invalid_input", "query.search"]);
  expect((await fieldsOf({ query: JSON.parse('{"__proto__":"x"}') as object }))[0]).toBe("kit.malformed_json");
  for (const name of ["", " ", "two\nlines", "x".repeat(41)])
    expect(await fieldsOf({ name })).toEqual(["kit.invalid_input", "name"]);
  expect((await api.views.list({})).items).toEqual([]);
});

test("an account keeps so many views, and a list shows so many shared ones", async () => {
  const owner = await server.asOwner();
  const other = await server.as("operator", owner);
  const made: string[] = [];
  for (let n = 0; n < mostOwn; n++) made.push((await owner.api.views.create({ ...recent, name: `View ${n}` })).id);
  const oneMore = owner.api.views.create({ ...recent, name: "One more" });
  expect(await refusal(oneMore)).toMatchObject({ code: "views.too_many", details: { most: mostOwn } });
  for (const viewId of made.slice(0, mostShared)) await owner.api.views.share({ viewId, isShared: true });
  const { id: viewId } = await other.api.views.create({ ...recent, name: "Another" });
  const shared = other.api.views.share({ viewId, isShared: true });
  expect(await refusal(shared)).toMatchObject({ code: "views.too_many_shared", details: { most: mostShared } });
  await owner.api.views.share({ viewId: made[0] ?? "", isShared: false });
  expect(await other.api.views.share({ viewId, isShared: true })).toMatchObject({ isShared: true });
});
