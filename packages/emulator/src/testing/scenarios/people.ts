import { beforeEach, afterEach, expect, test } from "vitest";
import { type Coverage, type Json, setStage } from "./stage.ts";

export function peopleScenarios(coverage: Coverage): void {
  let stage: Awaited<ReturnType<typeof setStage>>;
  beforeEach(async () => {
    stage = await setStage(coverage);
  });
  afterEach(() => stage.close());
  const tag = async (name: string): Promise<number> =>
    Number(((await stage.api("/cgi-bin/tags/create", { tag: { name } }))["tag"] as Json)["id"]);

  test("tags are made, renamed, counted, given, taken and deleted", async () => {
    const openids = await stage.followers(3);
    const id = await tag("常客");
    expect(id).toBe(100);
    const give = { openid_list: openids.slice(0, 2), tagid: id };
    expect(await stage.errcodeOf("/cgi-bin/tags/members/batchtagging", give)).toBe(0);
    expect(await stage.errcodeOf("/cgi-bin/tags/update", { tag: { id, name: "老茶客" } })).toBe(0);
    expect(await stage.api("/cgi-bin/tags/get")).toEqual({
      tags: [
        { id: 2, name: "星标组", count: 0 },
        { id, name: "老茶客", count: 2 },
      ],
    });
    expect(await stage.api("/cgi-bin/user/tag/get", { tagid: id, next_openid: "" })).toEqual({
      count: 2,
      data: { openid: openids.slice(0, 2) },
      next_openid: openids[1],
    });
    expect(await stage.api("/cgi-bin/user/tag/get", { tagid: id, next_openid: openids[1] })).toEqual({
      count: 0,
      next_openid: "",
    });
    expect(await stage.api("/cgi-bin/tags/getidlist", { openid: openids[0] })).toEqual({ tagid_list: [id] });
    expect(await stage.api("/cgi-bin/user/info", undefined, { openid: openids[0] ?? "" })).toMatchObject({
      tagid_list: [id],
      groupid: id,
    });
    const take = { openid_list: [openids[0]], tagid: id };
    expect(await stage.errcodeOf("/cgi-bin/tags/members/batchuntagging", take)).toBe(0);
    expect(await stage.api("/cgi-bin/tags/getidlist", { openid: openids[0] })).toEqual({ tagid_list: [] });
    expect(await stage.errcodeOf("/cgi-bin/tags/delete", { tag: { id } })).toBe(0);
    expect(await stage.api("/cgi-bin/tags/getidlist", { openid: openids[1] })).toEqual({ tagid_list: [] });
    // An id is never given again.
    expect(await tag("新客")).toBe(101);
  });

  test("tags that can't be: WeChat's own, taken names, unknown ids, strangers", async () => {
    const [openid] = await stage.followers(1);
    const id = await tag("常客");
    expect(await stage.errcodeOf("/cgi-bin/tags/create", { tag: { name: "常客" } })).toBe(45157);
    expect(await stage.errcodeOf("/cgi-bin/tags/create", { tag: { name: "星标组" } })).toBe(45157);
    expect(await stage.errcodeOf("/cgi-bin/tags/update", { tag: { id, name: "常客" } })).toBe(0);
    for (const reserved of [0, 1, 2]) {
      expect(await stage.errcodeOf("/cgi-bin/tags/update", { tag: { id: reserved, name: "我的" } })).toBe(45058);
      expect(await stage.errcodeOf("/cgi-bin/tags/delete", { tag: { id: reserved } })).toBe(45058);
    }
    expect(await stage.errcodeOf("/cgi-bin/tags/delete", { tag: { id: 999 } })).toBe(45159);
    const give = (openid_list: unknown, tagid: unknown) =>
      stage.errcodeOf("/cgi-bin/tags/members/batchtagging", { openid_list, tagid });
    expect(await give([openid], 999)).toBe(45159);
    expect(await give([openid, "oNobody"], id)).toBe(40003);
    // Nobody was tagged by a call that was refused.
    expect(await stage.api("/cgi-bin/tags/getidlist", { openid })).toEqual({ tagid_list: [] });
    const other = stage.emulator.world.createAccount({ name: "另一家" });
    expect(await give([stage.emulator.world.chat(stage.puppet.id, other.appid).openid], id)).toBe(49003);
  });

  test("followers are listed a page at a time, in the order they came; those who left are not", async () => {
    const openids = await stage.followers(5);
    stage.emulator.world.changeRules({ "users.page": 2, "tags.page": 2 });
    await stage.emulator.world.unfollow("fan-3");
    const list = (after: string) => stage.api("/cgi-bin/user/get", undefined, { next_openid: after });
    const [one = "", two = "", three = "", , five = ""] = openids;
    expect(await list("")).toEqual({ total: 4, count: 2, data: { openid: [one, two] }, next_openid: two });
    expect(await list(two)).toEqual({ total: 4, count: 2, data: { openid: [three, five] }, next_openid: five });
    expect(await list(five)).toEqual({ total: 4, count: 0, next_openid: "" });
    expect((await list("oNobody"))["errcode"]).toBe(40003);
  });

  test("many users at once, with the account's own names for them", async () => {
    const [one, two] = await stage.followers(2);
    expect(await stage.errcodeOf("/cgi-bin/user/info/updateremark", { openid: one, remark: "张老师" })).toBe(0);
    const { user_info_list: users } = await stage.api("/cgi-bin/user/info/batchget", {
      user_list: [{ openid: one, lang: "en" }, { openid: two }],
    });
    expect(users).toMatchObject([
      { openid: one, remark: "张老师", language: "en", nickname: "" },
      { openid: two, remark: "", language: "zh_CN" },
    ]);
  });

  test("the black list: nobody on it is listed, heard or written to", async () => {
    const [one, two] = await stage.followers(2);
    await stage.emulator.world.say("fan-0", { text: "在吗" });
    const block = (path: string, openid_list: unknown[]) =>
      stage.errcodeOf(`/cgi-bin/tags/members/${path}`, { openid_list });
    expect(await block("batchblacklist", [one, "oNobody"])).toBe(40003);
    expect(await block("batchblacklist", [one])).toBe(0);
    expect(await stage.api("/cgi-bin/tags/members/getblacklist", { begin_openid: "" })).toEqual({
      total: 1,
      count: 1,
      data: { openid: [one] },
      next_openid: one,
    });
    expect((await stage.api("/cgi-bin/user/get"))["data"]).toEqual({ openid: [two] });
    const before = stage.developer.pushes.length;
    expect(await stage.emulator.world.say("fan-0", { text: "还在吗" })).toMatchObject({ outcome: "none" });
    expect(stage.developer.pushes).toHaveLength(before);
    const text = { touser: one, msgtype: "text", text: { content: "在" } };
    expect(await stage.errcodeOf("/cgi-bin/message/custom/send", text)).toBe(43019);
    const notice = { touser: one, template_id: "ready", data: {} };
    expect(await stage.errcodeOf("/cgi-bin/message/template/send", notice)).toBe(43019);
    // A switch: what sources disagree on is the user's choice.
    stage.emulator.world.changeRules({ "users.blocked": "heard" });
    expect(await stage.emulator.world.say("fan-0", { text: "喂" })).toMatchObject({ outcome: "silent" });
    expect(await block("batchunblacklist", [one])).toBe(0);
    expect(await stage.errcodeOf("/cgi-bin/message/custom/send", text)).toBe(0);
  });
}
