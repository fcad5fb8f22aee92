import { afterEach, beforeEach, expect, test } from "vitest";
import { staffRules } from "../../wechat/limits.ts";
import { type Coverage, type Json, setStage, type Stage } from "./stage.ts";

const first = "first@lantern";
const second = "second@lantern";

export function staffScenarios(coverage: Coverage): void {
  let stage: Awaited<ReturnType<typeof setStage>>;
  beforeEach(async () => {
    stage = await setStage(coverage);
    await stage.followers(2);
  });
  afterEach(() => stage.close());

  const add = (name: string) => stage.errcodeOf("/customservice/kfaccount/add", { kf_account: name, nickname: "客服" });
  const invite = (name: string, wx: string) =>
    stage.errcodeOf("/customservice/kfaccount/inviteworker", { kf_account: name, invite_wx: wx });
  const change = (changes: Parameters<Stage["emulator"]["world"]["changeStaff"]>[1]) =>
    stage.emulator.world.changeStaff(stage.account.appid, changes);
  const create = (name: string, openid: string) =>
    stage.errcodeOf("/customservice/kfsession/create", { kf_account: name, openid });
  const close = (name: string, openid: string) =>
    stage.errcodeOf("/customservice/kfsession/close", { kf_account: name, openid });
  const serves = async (openid: string) =>
    (await stage.api("/customservice/kfsession/getsession", undefined, { openid }))["kf_account"];
  const say = (id: string, text: string) => stage.emulator.world.say(id, { text });
  const records = async (more: Json = {}) => {
    const now = Math.floor(stage.emulator.world.state.now() / 1000);
    const asked = { starttime: now - 3_600, endtime: now + 60, msgid: 1, number: 100, ...more };
    return stage.api("/customservice/msgrecord/getmsglist", asked);
  };
  /** Both at work, each a puppet of their own. */
  async function hire(): Promise<void> {
    for (const name of [first, second]) {
      const wx = `wx-${name.split("@")[0]}`;
      stage.emulator.world.createPuppet({ id: wx });
      expect([await add(name), await invite(name, wx)]).toEqual([0, 0]);
      change({ account: name, accepts: true, isOnline: true });
    }
  }

  test("staff are added, renamed, invited, listed and taken off", async () => {
    expect([await add(first), await add(first)]).toEqual([0, 65406]);
    const rename = { kf_account: first, nickname: "阿岚" };
    expect(await stage.errcodeOf("/customservice/kfaccount/update", rename)).toBe(0);
    expect(await stage.errcodeOf("/customservice/kfaccount/update", { ...rename, kf_account: second })).toBe(65401);
    expect([await invite(first, "nobody"), await invite(second, "fan-0")]).toEqual([65409, 65401]);
    expect([await invite(first, "fan-0"), await invite(first, "fan-1")]).toEqual([0, 65411]);
    const list = async () => (await stage.api("/cgi-bin/customservice/getkflist"))["kf_list"];
    expect(await list()).toMatchObject([
      { kf_account: first, kf_nick: "阿岚", kf_id: "1001", invite_wx: "fan-0", invite_status: "waiting" },
    ]);
    expect(() => change({ account: first, isOnline: true })).toThrow("accept an invitation");
    change({ account: first, accepts: false });
    expect(await list()).toMatchObject([{ invite_status: "rejected" }]);
    expect(await invite(first, "fan-0")).toBe(0);
    const week = stage.emulator.world.state.rules.number(staffRules.inviteSeconds) * 1000;
    stage.emulator.world.setClock(week);
    expect(await list()).toMatchObject([{ invite_status: "expired" }]);
    expect(await invite(first, "fan-0")).toBe(0);
    change({ account: first, accepts: true, isOnline: true });
    expect(await list()).toMatchObject([{ kf_wx: "fan-0" }]);
    expect(await invite(first, "fan-1")).toBe(65412);
    expect([await add(second), await invite(second, "fan-0")]).toEqual([0, 65407]);
    expect((await stage.api("/cgi-bin/customservice/getonlinekflist"))["kf_online_list"]).toEqual([
      { kf_account: first, status: 1, kf_id: "1001", accepted_case: 0 },
    ]);
    const del = () => stage.errcodeOf("/customservice/kfaccount/del", { kf_account: first });
    expect([await del(), await del()]).toEqual([0, 65401]);
    expect(await list()).toMatchObject([{ kf_account: second }]);
  });

  test("a session: what the customer writes goes to staff alone, until it is closed", async () => {
    const [openid, other] = [stage.openid("fan-0"), stage.openid("fan-1")];
    await add("idle@lantern");
    expect(await create("idle@lantern", openid)).toBe(65402);
    await hire();
    change({ account: second, isOnline: false });
    expect(await create("none@lantern", openid)).toBe(65401);
    expect(await create(first, "oNobody")).toBe(40003);
    expect(await create(second, openid)).toBe(65415);
    expect(await close(first, openid)).toBe(65413);
    expect(await serves(openid)).toBe("");
    expect([await create(first, openid), await create(first, openid)]).toEqual([0, 0]);
    change({ account: second, isOnline: true });
    expect([await create(second, openid), await close(second, openid)]).toEqual([65414, 65414]);
    const told = await stage.pushed("kf_create_session");
    expect(told).toHaveLength(1);
    expect(told[0]).toContain(`<KfAccount><![CDATA[${first}]]></KfAccount>`);
    expect(told[0]).toContain(openid);
    expect(await serves(openid)).toBe(first);
    const own = { kf_account: first };
    expect((await stage.api("/customservice/kfsession/getsessionlist", undefined, own))["sessionlist"]).toMatchObject([
      { openid },
    ]);
    expect((await stage.api("/customservice/kfsession/getsessionlist", undefined, {}))["errcode"]).toBe(65401);
    expect(await say("fan-0", "还有春茶吗")).toMatchObject({ outcome: "none", tries: [] });
    expect(await say("fan-1", "我也想问")).toMatchObject({ outcome: "silent" });
    const answer = { touser: openid, msgtype: "text", text: { content: "有的" } };
    const as = (name: string) =>
      stage.errcodeOf("/cgi-bin/message/custom/send", { ...answer, customservice: { kf_account: name } });
    expect([await as("none@lantern"), await as(first)]).toEqual([65401, 0]);
    expect((await records())["recordlist"]).toMatchObject([
      { openid, opercode: 2003, text: "还有春茶吗", worker: first },
      { openid, opercode: 2002, text: "有的", worker: first },
    ]);
    expect(await close(first, openid)).toBe(0);
    expect(await stage.pushed("kf_close_session")).toHaveLength(1);
    expect(await say("fan-0", "谢谢")).toMatchObject({ outcome: "silent" });
    expect(await serves(other)).toBe("");
  });

  test("a session that nobody uses is over after half an hour", async () => {
    await hire();
    const openid = stage.openid("fan-0");
    await create(first, openid);
    const bound = stage.emulator.world.state.rules.number(staffRules.sessionSeconds) * 1000;
    stage.emulator.world.state.clock.now = () =>
      new Date(1_790_000_000_000 + stage.emulator.world.state.clock.offsetMs);
    stage.emulator.world.setClock(0);
    stage.account.staffSessions[0]!.usedAt = stage.emulator.world.state.now();
    stage.emulator.world.setClock(bound - 1);
    expect(await say("fan-0", "还在吗")).toMatchObject({ outcome: "none" });
    stage.emulator.world.setClock(2 * bound - 1);
    expect(await say("fan-0", "还在吗")).toMatchObject({ outcome: "silent" });
    expect(await stage.pushed("kf_close_session")).toHaveLength(1);
  });

  test("a reply hands over: to whom it names, or to those who wait; a colleague may take over", async () => {
    await hire();
    const openid = stage.openid("fan-0");
    const reply = (to: string, info = "") =>
      `<xml><ToUserName><![CDATA[${to}]]></ToUserName><FromUserName><![CDATA[${stage.account.originalId}]]></FromUserName>` +
      `<CreateTime>1</CreateTime><MsgType><![CDATA[transfer_customer_service]]></MsgType>${info}</xml>`;
    const named = `<TransInfo><KfAccount><![CDATA[${second}]]></KfAccount></TransInfo>`;
    stage.developer.answer = (_request, response) => void response.end(reply(openid));
    expect(await say("fan-0", "找人工")).toMatchObject({ outcome: "answered", reply: null });
    const waiting = async () => (await stage.api("/customservice/kfsession/getwaitcase"))["waitcaselist"];
    expect(await waiting()).toMatchObject([{ openid }]);
    // Waiting isn't being served: what they write is still pushed.
    expect(await say("fan-0", "在吗")).toMatchObject({ outcome: "answered" });
    expect(await waiting()).toHaveLength(1);
    stage.developer.answer = (_request, response) => void response.end("success");
    change({ account: first, takes: openid });
    expect([await serves(openid), await waiting()]).toEqual([first, []]);
    change({ account: second, takes: openid });
    expect(await serves(openid)).toBe(second);
    const [moved] = await stage.pushed("kf_switch_session");
    expect(moved).toContain(`<FromKfAccount><![CDATA[${first}]]></FromKfAccount>`);
    expect(moved).toContain(`<ToKfAccount><![CDATA[${second}]]></ToKfAccount>`);
    await close(second, openid);
    change({ account: second, isOnline: false });
    stage.developer.answer = (_request, response) => void response.end(reply(openid, named));
    await say("fan-0", "还是找人工");
    expect([await serves(openid), await waiting()]).toMatchObject(["", [{ openid }]]);
    stage.developer.answer = (_request, response) => void response.end("success");
    change({ account: second, isOnline: true });
    expect([await serves(openid), await waiting()]).toEqual([second, []]);
    // The phone shows nothing of it.
    expect(stage.emulator.world.chat("fan-0").chat.every(({ from }) => from === "puppet")).toBe(true);
    const del = await stage.errcodeOf("/customservice/kfaccount/del", { kf_account: second });
    expect([del, await serves(openid)]).toEqual([0, ""]);
  });

  test("only so many of those who wait are listed, and all are counted", async () => {
    stage.emulator.world.changeRules({ "staff.waitingShown": 1 });
    for (const id of ["fan-0", "fan-1"])
      stage.account.staffWaiting.push({ openid: stage.openid(id), at: 1_790_000_000_000, account: null });
    expect(await stage.api("/customservice/kfsession/getwaitcase")).toEqual({
      count: 2,
      waitcaselist: [{ openid: stage.openid("fan-0"), latest_time: 1_790_000_000 }],
    });
  });

  test("records come a page at a time, of pictures as a word, and want right parameters", async () => {
    await hire();
    await create(first, stage.openid("fan-0"));
    await say("fan-0", "一");
    await stage.emulator.world.sendImage("fan-0", {});
    expect(await records({ number: 1 })).toMatchObject({ number: 1, msgid: 2, recordlist: [{ text: "一" }] });
    expect(await records({ msgid: 2 })).toMatchObject({ number: 1, msgid: 3, recordlist: [{ text: "[image]" }] });
    expect(await records({ msgid: 3 })).toMatchObject({ number: 0, msgid: 3 });
    expect((await records({ number: -1 }))["errcode"]).toBe(65416);
    expect((await records({ starttime: "soon" }))["errcode"]).toBe(65416);
    const other = stage.emulator.world.createAccount({ name: "另一家" });
    expect(stage.emulator.world.state.staffRecords.some(({ appid }) => appid === other.appid)).toBe(false);
  });

  test.each(["no-at-sign", "two@at@signs", "bad prefix@lantern", "@lantern", "first@"])(
    "the staff account %s isn't one",
    async (name) => {
      expect(await add(name)).toBe(65404);
    },
  );
}
