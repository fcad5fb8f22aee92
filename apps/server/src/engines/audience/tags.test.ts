import { countLimit } from "@zhanggui/kit/contract/count-limit";
import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { refusal } from "../../testing/refusal.ts";
import { AudienceService } from "./audience.service.ts";
import { Tags } from "./internal/tags.ts";
import { type Member, openTestServer, type TestServer } from "../../testing/test-server.ts";

let server: TestServer;
let owner: Member;
beforeAll(async () => {
  server = await openTestServer(inject("clusterUrl"));
});
afterAll(() => server.close());

/** A tenant with so many people. */
async function shopOf(count: number): Promise<string[]> {
  owner = await server.asOwner();
  const ctx = server.runtime.ctx(owner.tenantId);
  const rows = await ctx.sql<{ id: string }>`INSERT INTO audience_person (display_name, first_seen_at, last_seen_at)
    SELECT 'Guest ' || n, ${ctx.now()}, ${ctx.now()} FROM generate_series(1, ${count}) n RETURNING id`;
  return rows.map(({ id }) => id);
}
const tagged = async (personId: string, name: string): Promise<string> => {
  const { tags } = await owner.api.audience.addTag({ personId, name });
  return tags.find((tag) => tag.name === name)?.tagId ?? "";
};
const names = async (query: object = {}) => (await owner.api.audience.listTags(query)).items.map(({ name }) => name);

test("tags are listed by their names, with who has them, and found by a part", async () => {
  const [first = "", second = ""] = await shopOf(2);
  for (const name of ["白茶", "红茶", "周五"]) await tagged(first, name);
  await tagged(second, "白茶");
  const { items, total } = await owner.api.audience.listTags({ search: "茶" });
  expect(Object.fromEntries(items.map(({ name, people }) => [name, people]))).toEqual({ 白茶: 2, 红茶: 1 });
  expect(total).toBe(2);
  expect(await names({ sort: "-name" })).toEqual((await names()).toReversed());
});

test("a tag is renamed for everybody who has it; a name that is taken is said at its field", async () => {
  const [personId = ""] = await shopOf(1);
  const tagId = await tagged(personId, "常客");
  await tagged(personId, "新客");
  expect(await owner.api.audience.updateTag({ tagId, name: "老客" })).toMatchObject({
    id: tagId,
    name: "老客",
    people: 1,
  });
  const { tags } = await owner.api.audience.getPerson({ personId });
  expect(tags.map(({ name }) => name).toSorted()).toEqual(["新客", "老客"]);
  expect(await refusal(owner.api.audience.updateTag({ tagId, name: "新客" }))).toMatchObject({
    code: "audience.tag_taken",
    errors: [{ field: "name", message: "There is a tag called “新客” already." }],
  });
  for (const name of ["", "  ", "长".repeat(31), "两\n行"])
    expect(await refusal(owner.api.audience.updateTag({ tagId, name }))).toMatchObject({ errors: [{ field: "name" }] });
});

test("a tag that is deleted is nobody's, and its story stays; another tenant's can't be touched", async () => {
  const [personId = ""] = await shopOf(1);
  const tagId = await tagged(personId, "常客");
  const stranger = await server.asOwner();
  for (const attempt of [
    () => stranger.api.audience.deleteTag({ tagId }),
    () => stranger.api.audience.updateTag({ tagId, name: "我的" }),
  ])
    expect(await refusal(attempt())).toMatchObject({ code: "kit.not_found" });
  const finance = await server.as("finance", owner);
  expect(await refusal(finance.api.audience.deleteTag({ tagId }))).toMatchObject({ code: "kit.forbidden" });
  await owner.api.audience.deleteTag({ tagId });
  expect(await names()).toEqual([]);
  expect((await owner.api.audience.getPerson({ personId })).tags).toEqual([]);
  const { items } = await owner.api.audience.timeline({ personId });
  expect(items).toMatchObject([{ kind: "tag_added", details: { name: "常客" } }]);
  expect(await refusal(owner.api.audience.deleteTag({ tagId }))).toMatchObject({ code: "kit.not_found" });
});

test("of a tag that very many have, as many are counted as lists count", async () => {
  const [personId = ""] = await shopOf(countLimit + 2);
  const tagId = await tagged(personId, "所有人");
  const ctx = server.runtime.ctx(owner.tenantId);
  await ctx.sql`INSERT INTO audience_person_tag (person_id, tag_id, source, source_id, source_name)
    SELECT id, ${tagId}, 'manual', 'x', 'x' FROM audience_person ON CONFLICT DO NOTHING`;
  expect((await owner.api.audience.listTags()).items).toMatchObject([{ people: countLimit + 1 }]);
  const response = await fetch(`${server.url}/api/tags?columns=name,people`, {
    headers: { accept: "text/csv", authorization: `Bearer ${owner.accessToken}` },
  });
  expect(await response.text()).toContain(`所有人,${countLimit}+`);
});

test("two hundred times a tag is deleted while others are given it: each has it or hasn't, and nothing fails", async () => {
  const people = await shopOf(4);
  const ctx = server.runtime.ctx(owner.tenantId);
  const [tags, audience] = [server.app.get(Tags), server.app.get(AudienceService)];
  for (let round = 0; round < 200; round++) {
    const tagId = await tagged(people[0] ?? "", "常客");
    const added = people.slice(1).map((personId) => audience.addTag(ctx, { personId, name: "常客" }));
    await Promise.all([tags.delete(ctx, { tagId }), ...added]);
  }
  const [{ lost } = { lost: -1 }] = await ctx.sql<{ lost: number }>`SELECT count(*)::int AS lost
    FROM audience_person_tag t LEFT JOIN audience_tag a ON a.id = t.tag_id WHERE a.id IS NULL`;
  expect(lost).toBe(0);
});

test("who looks at tags is told of new ones, not of all that happens to people", async () => {
  const [first = "", second = ""] = await shopOf(2);
  await tagged(first, "常客");
  const stop = new AbortController();
  const stream = owner.api.audience.listTags.live({}, { signal: stop.signal })[Symbol.asyncIterator]();
  await stream.next();
  const heard = stream.next();
  let told = false;
  const noted = heard.then(() => (told = true));
  await owner.api.audience.updatePerson({ personId: first, displayName: "阿拾" });
  await tagged(second, "常客");
  await new Promise((resolve) => setTimeout(resolve, 500));
  expect(told).toBe(false);
  await tagged(second, "新客");
  await noted;
  expect(told).toBe(true);
  stop.abort();
});
