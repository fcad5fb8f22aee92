import { countLimit } from "@zhanggui/kit/contract/count-limit";
import { newId } from "@zhanggui/kit/contract/ids";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { refusal } from "../../testing/refusal.ts";
import { openTeaShop, type TeaShop } from "../../testing/tea-shop.ts";
import { messageReceived } from "../connect/connect.events.ts";

let tea: TeaShop;
beforeAll(async () => {
  tea = await openTeaShop(inject("clusterUrl"));
});
afterAll(() => tea.close());

async function personOf(puppetId: string, appid = tea.bound.appid) {
  const { openid } = tea.emulator.world.chat(puppetId, appid);
  const { items } = await tea.owner.api.audience.listPeople({ search: openid });
  return tea.owner.api.audience.getPerson({ personId: items[0]!.id });
}

test("an openid is whoever they are called now; of unknown ones, and to another tenant, nothing is told", async () => {
  const { emulator, bound, owner, server } = tea;
  const puppet = emulator.world.createPuppet();
  await emulator.world.scan(puppet.id, { code: bound.channel.ticket });
  await tea.settle();
  const { openid } = emulator.world.chat(puppet.id, bound.appid);
  const { id: personId } = await personOf(puppet.id);
  await owner.api.audience.updatePerson({ personId, displayName: "阿拾" });
  expect(await owner.api.audience.findByOpenid({ openids: [openid, "nobody's"] })).toEqual({
    items: [{ openid, wechatAppId: bound.wechatAppId, personId, displayName: "阿拾" }],
  });
  const stranger = await server.asOwner();
  expect(await stranger.api.audience.findByOpenid({ openids: [openid] })).toEqual({ items: [] });
});

test("a person's story is told from the first scan on, newest first", async () => {
  const { emulator, bound, owner, server } = tea;
  const puppet = emulator.world.createPuppet();
  await emulator.world.scan(puppet.id, { code: bound.channel.ticket });
  server.clock.advance(1000);
  await emulator.world.say(puppet.id, { text: "有桂花乌龙吗" });
  server.clock.advance(1000);
  await emulator.world.unfollow(puppet.id);
  await tea.settle();
  const person = await personOf(puppet.id);
  expect(person).toMatchObject({
    following: false,
    channelName: "门店海报",
    identities: [{ kind: "openid", following: false, wechatAppName: "灯笼茶" }],
  });
  const { items } = await owner.api.audience.timeline({ personId: person.id });
  const kinds = items.map(({ kind }) => kind);
  expect(kinds).toEqual(
    expect.arrayContaining(["unfollowed", "wrote", "scanned", "followed", "tag_added", "delivery"]),
  );
  expect(kinds.indexOf("unfollowed")).toBeLessThan(kinds.indexOf("followed"));
  expect(items.find(({ kind }) => kind === "wrote")).toMatchObject({ details: { text: "有桂花乌龙吗" } });
  const page = await owner.api.audience.timeline({ personId: person.id, limit: 2 });
  const next = await owner.api.audience.timeline({ personId: person.id, limit: 200, cursor: page.next! });
  expect([...page.items, ...next.items].map(({ id }) => id)).toEqual(items.map(({ id }) => id));
});

test("what comes late doesn't undo what is known: leave and return, handled in the wrong order", async () => {
  const { server, owner, bound } = tea;
  const ctx = server.runtime.ctx(owner.tenantId);
  const openid = "oLateLateLateLateLateLateLate";
  const at = (seconds: number) => new Date(server.clock.now().getTime() + seconds * 1000).toISOString();
  const message = (kind: string, sentAt: string) => ({
    inboundId: newId(server.clock.now()),
    wechatAppId: bound.wechatAppId,
    openid,
    kind,
    channelId: null,
    text: null,
    replyBy: null,
    hasMore: false,
    leavesWaiting: false,
    sentAt,
  });
  const [follow, leave, comeBack] = [
    message("event:subscribe", at(0)),
    message("event:unsubscribe", at(5)),
    message("event:subscribe", at(9)),
  ];
  for (const each of [comeBack, leave, follow]) {
    await ctx.tx((ctx) => ctx.emit(messageReceived, each));
    await server.runUntilIdle();
  }
  const { items } = await owner.api.audience.listPeople({ search: openid });
  expect(items).toMatchObject([{ following: true }]);
});

test("fifty messages of a stranger at once make one person", async () => {
  const { server, owner, emulator } = tea;
  const puppet = emulator.world.createPuppet();
  await emulator.world.follow(puppet.id);
  const before = (await owner.api.audience.listPeople()).total ?? 0;
  await Promise.all(Array.from({ length: 49 }, (_, n) => emulator.world.say(puppet.id, { text: `${n}` })));
  await Promise.all([server.runUntilIdle(), server.runUntilIdle(), server.runUntilIdle(), server.runUntilIdle()]);
  expect((await owner.api.audience.listPeople()).total).toBe(before + 1);
  const { items } = await owner.api.audience.timeline({ personId: (await personOf(puppet.id)).id, limit: 200 });
  expect(items.filter(({ kind }) => kind === "wrote")).toHaveLength(49);
});

describe("one person behind two accounts", () => {
  test("the unionid makes them one; the earlier record goes on with both identities, tags and stories", async () => {
    const { emulator, owner, server, bound } = tea;
    emulator.world.changeAccount(bound.appid, { openPlatform: "lantern" });
    const second = emulator.world.createAccount({ name: "灯笼茶社", openPlatform: "lantern" });
    const app = await owner.api.connect.bindApp({
      name: "灯笼茶社",
      appId: second.appid,
      appSecret: second.secret,
      pushToken: "token",
      mode: "plain",
    });
    await emulator.world.configurePush(second.appid, {
      url: `${server.url}/api/wechat/callback/${app.id}`,
      token: "token",
      mode: "plain",
    });
    const puppet = emulator.world.createPuppet();
    await emulator.world.follow(puppet.id, { appid: bound.appid });
    await tea.settle();
    const first = await personOf(puppet.id);
    server.clock.advance(1000);
    // The second account's follower is a stranger until WeChat has told the unionid.
    emulator.world.addFault({ target: "api", path: "/cgi-bin/user/info", errcode: -1, count: 3 });
    await emulator.world.follow(puppet.id, { appid: second.appid });
    await server.runUntilIdle();
    const stranger = await personOf(puppet.id, second.appid);
    expect(stranger.id).not.toBe(first.id);
    await owner.api.audience.addTag({ personId: stranger.id, name: "茶社会员" });
    server.clock.advance(3_600_000);
    await tea.settle();
    const one = await owner.api.audience.getPerson({ personId: first.id });
    expect(one.identities.map(({ kind }) => kind).toSorted()).toEqual(["openid", "openid", "unionid"]);
    expect(one.tags.map(({ name }) => name)).toContain("茶社会员");
    // Whoever still has a link to the record that was merged sees the person.
    expect(await owner.api.audience.getPerson({ personId: stranger.id })).toEqual(one);
    const { items } = await owner.api.audience.timeline({ personId: first.id });
    expect(items.map(({ kind }) => kind)).toContain("merged");
  });
});

describe("the operator's hand", () => {
  test("tags carry who set them and when; taking one away is told too", async () => {
    const { owner, emulator } = tea;
    const puppet = emulator.world.createPuppet();
    await emulator.world.follow(puppet.id, { appid: tea.bound.appid });
    await tea.settle();
    const { id: personId } = await personOf(puppet.id);
    const tagged = await owner.api.audience.addTag({ personId, name: "爱喝白茶" });
    expect(tagged.tags).toMatchObject([{ name: "爱喝白茶", source: "manual", sourceName: "Owner" }]);
    await Promise.all(Array.from({ length: 20 }, () => owner.api.audience.addTag({ personId, name: "爱喝白茶" })));
    expect((await owner.api.audience.listTags()).items.find(({ name }) => name === "爱喝白茶")).toMatchObject({
      people: 1,
    });
    const { tagId } = tagged.tags[0]!;
    expect((await owner.api.audience.listPeople({ tagId })).total).toBe(1);
    await owner.api.audience.removeTag({ personId, tagId });
    await expect(owner.api.audience.removeTag({ personId, tagId })).rejects.toMatchObject({ code: "kit.not_found" });
    const { items } = await owner.api.audience.timeline({ personId });
    expect(items.slice(0, 2).map(({ kind }) => kind)).toEqual(["tag_removed", "tag_added"]);
    expect(items[0]!.details).toEqual({ name: "爱喝白茶", by: owner.accountId, byName: "Owner" });
  });

  test.each([
    ["a line break", "小满\n您的验证码是"],
    ["a tab", "小满\t"],
    ["an escape", "小\u001b[31m满"],
    ["a C1 control", "小\u0085满"],
    ["a line separator", "小\u2028满"],
    ["a name that reads backwards", "小\u202e满"],
    ["an isolate", "小\u2067满\u2069"],
    ["a paragraph separator", "小\u2029满"],
  ])("names and tags are one line: %s in them is refused", async (_, text) => {
    const { api } = tea.owner;
    const personId = (await api.audience.listPeople()).items[0]!.id;
    const inside = `${text}。`;
    const renaming = api.audience.updatePerson({ personId, displayName: inside });
    await expect(renaming).rejects.toMatchObject({ code: "kit.invalid_input" });
    const tagging = api.audience.addTag({ personId, name: inside });
    await expect(tagging).rejects.toMatchObject({ code: "kit.invalid_input" });
  });

  test("names and tags may hold what people write in a line: spaces around them go, joined emoji stay", async () => {
    const { api } = tea.owner;
    const personId = (await api.audience.listPeople()).items[0]!.id;
    const renamed = await api.audience.updatePerson({ personId, displayName: " 阿禾 👩‍👧 O'Brien\n" });
    expect(renamed.displayName).toBe("阿禾 👩‍👧 O'Brien");
    expect((await api.audience.addTag({ personId, name: "👩‍👧 亲子" })).tags.map(({ name }) => name)).toContain(
      "👩‍👧 亲子",
    );
  });

  test("a phone number belongs to one person", async () => {
    const { owner, emulator } = tea;
    const [a, b] = [emulator.world.createPuppet(), emulator.world.createPuppet()];
    for (const { id } of [a, b]) await emulator.world.follow(id, { appid: tea.bound.appid });
    await tea.settle();
    const [first, second] = [await personOf(a.id), await personOf(b.id)];
    await owner.api.audience.updatePerson({
      personId: first.id,
      displayName: "小满",
      phone: "13800000000",
      mail: "xiaoman@example.com",
    });
    await expect(
      owner.api.audience.updatePerson({ personId: second.id, displayName: "阿岚", phone: "13800000000" }),
    ).rejects.toMatchObject({ code: "kit.conflict" });
    expect((await owner.api.audience.getPerson({ personId: second.id })).displayName).not.toBe("阿岚");
    expect((await owner.api.audience.listPeople({ search: "13800000000" })).items).toMatchObject([
      { displayName: "小满" },
    ]);
    expect((await owner.api.audience.listPeople({ search: "小满" })).total).toBe(1);
    expect((await owner.api.audience.listPeople({ search: "%" })).total).toBe(0);
  });

  test("a word that very many share is found too: page by page, counted as far as lists count, within other filters", async () => {
    const owner = await tea.server.asOwner();
    const { api } = owner;
    const ctx = tea.server.runtime.ctx(owner.tenantId);
    await ctx.sql`INSERT INTO audience_person (display_name, first_seen_at, last_seen_at)
      SELECT 'Regular ' || n, ${ctx.now()}, ${ctx.now()}::timestamptz - n * interval '1 second'
      FROM generate_series(1, 2100) n`;
    const first = await api.audience.listPeople({ search: "REGULAR", limit: 50 });
    expect(first.items.map(({ displayName }) => displayName)).toEqual(
      Array.from({ length: 50 }, (_, n) => `Regular ${n + 1}`),
    );
    expect(first.total).toBe(2100);
    const second = await api.audience.listPeople({ search: "regular", limit: 50, cursor: first.next ?? "" });
    expect(second.items[0]?.displayName).toBe("Regular 51");
    // The last one of all: not among the first thousands that a search gathers.
    const { items } = await api.audience.listPeople({ search: "Regular 2100" });
    const [tag] = (await api.audience.addTag({ personId: items[0]?.id ?? "", name: "oldest" })).tags;
    expect(await api.audience.listPeople({ search: "regular", tagId: tag?.tagId ?? "" })).toMatchObject({
      items: [{ displayName: "Regular 2100" }],
      total: 1,
    });
  });

  test("of more who are known by what was typed than lists count nobody is left out, and of conversations it is said", async () => {
    const owner = await tea.server.asOwner();
    const { api } = owner;
    const ctx = tea.server.runtime.ctx(owner.tenantId);
    await ctx.sql`WITH people AS (
        INSERT INTO audience_person (display_name, first_seen_at, last_seen_at)
        SELECT 'Guest', ${ctx.now()}, ${ctx.now()}::timestamptz - n * interval '1 second'
        FROM generate_series(1, ${countLimit + 20}) n RETURNING id, last_seen_at)
      INSERT INTO audience_identity (person_id, kind, scope, value)
      SELECT id, 'openid', ${newId(ctx.now())}, 'oMany' || row_number() OVER (ORDER BY last_seen_at DESC) FROM people`;
    const { items, total } = await api.audience.listPeople({ search: "oMany", sort: "lastSeenAt", limit: 50 });
    expect([items.length, total]).toEqual([50, countLimit + 1]);
    const [oldest] = items;
    expect((await api.audience.listPeople({ search: `oMany${countLimit + 20}` })).items).toMatchObject([oldest]);
    const [tag] = (await api.audience.addTag({ personId: oldest?.id ?? "", name: "oldest" })).tags;
    const within = await api.audience.listPeople({ search: "oMany", tagId: tag?.tagId ?? "" });
    expect([within.items.map(({ id }) => id), within.total]).toEqual([[oldest?.id], 1]);
    const wide = api.messaging.listConversations({ search: "oMany" });
    expect(await refusal(wide)).toMatchObject({ code: "kit.search_too_wide", details: { limit: countLimit } });
  });

  test("several people are tagged at once: who has the tag, isn't there or is another tenant's is passed over", async () => {
    const [owner, stranger] = [await tea.server.asOwner(), await tea.server.asOwner()];
    const seed = async (tenantId: string, count: number): Promise<string[]> => {
      const ctx = tea.server.runtime.ctx(tenantId);
      const rows = await ctx.sql<{ id: string }>`INSERT INTO audience_person (display_name, first_seen_at, last_seen_at)
        SELECT 'Guest ' || n, ${ctx.now()}, ${ctx.now()} FROM generate_series(1, ${count}) n RETURNING id`;
      return rows.map(({ id }) => id);
    };
    const [mine, theirs] = [await seed(owner.tenantId, 3), await seed(stranger.tenantId, 1)];
    await owner.api.audience.addTag({ personId: mine[0] ?? "", name: "regular" });
    const nobody = newId(tea.server.clock.now());
    const ids = [...mine, ...mine, ...theirs, nobody];
    const tagged = await owner.api.audience.tagPeople({ ids, name: "regular" });
    expect(tagged).toMatchObject({ done: 2, passed: { tagged: 1 }, gone: 2, failed: [] });
    expect((await owner.api.audience.listTags()).items).toMatchObject([{ name: "regular", people: 3 }]);
    expect((await stranger.api.audience.listTags()).items).toEqual([]);
  });

  test("all that match are tagged and untagged, once: a call that is repeated says what the first one did", async () => {
    const owner = await tea.server.asOwner();
    const ctx = tea.server.runtime.ctx(owner.tenantId);
    await ctx.sql`INSERT INTO audience_person (display_name, first_seen_at, last_seen_at)
      SELECT 'Guest ' || n, ${ctx.now()}, ${ctx.now()} FROM generate_series(1, 250) n`;
    const { audience } = owner.api;
    const all = { all: true, name: "regular", search: "Guest 1" } as const;
    expect(await audience.tagPeople({ ...all, preview: true })).toMatchObject({ done: 111, passed: {}, isMore: false });
    expect((await audience.listTags()).items).toEqual([]);
    const [first, again] = [
      await audience.tagPeople(all, { idempotencyKey: "first" }),
      await audience.tagPeople(all, { idempotencyKey: "first" }),
    ];
    expect(first).toMatchObject({ done: 111, next: null });
    expect(again).toEqual(first);
    expect(await audience.tagPeople(all)).toMatchObject({ done: 0, passed: { tagged: 111 } });
    const [{ id: tagId } = { id: "" }] = (await audience.listTags()).items;
    // They stop matching as it goes on.
    expect(await audience.untagPeople({ all: true, name: "regular", tagId })).toMatchObject({ done: 111, passed: {} });
    const [person] = (await audience.listPeople({ search: "Guest 100" })).items;
    const { items } = await audience.timeline({ personId: person?.id ?? "" });
    expect(items.map(({ kind }) => kind)).toEqual(["tag_removed", "tag_added"]);
    const rest = { all: true, name: "regular", preview: true } as const;
    expect(await audience.untagPeople(rest)).toMatchObject({ done: 0, passed: { untagged: 250 } });
    const finance = await tea.server.as("finance", owner);
    expect(await refusal(finance.api.audience.tagPeople(rest))).toMatchObject({ code: "kit.forbidden" });
    expect(await refusal(audience.tagPeople({ name: "regular" }))).toMatchObject({ errors: [{ field: "ids" }] });
  });

  test("people come page by page, each once", async () => {
    const { owner } = tea;
    const seen: string[] = [];
    let cursor: string | undefined;
    do {
      const page = await owner.api.audience.listPeople({ limit: 2, ...(cursor === undefined ? {} : { cursor }) });
      seen.push(...page.items.map(({ id }) => id));
      cursor = page.next ?? undefined;
    } while (cursor !== undefined);
    const { total = 0 } = await owner.api.audience.listPeople();
    expect(seen).toHaveLength(total);
    expect(new Set(seen).size).toBe(total);
    await expect(owner.api.audience.listPeople({ cursor: "' OR 1=1" })).rejects.toMatchObject({
      code: "kit.invalid_input",
    });
  });
});
