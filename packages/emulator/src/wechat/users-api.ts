import { z } from "zod";
import type { Bond } from "../world/model.ts";
import { accountOf, bondOf, json, objectOf, okAnswer, pageOfUsers, textOf, textsOf } from "./answers.ts";
import { Refusal } from "./errcodes.ts";
import { userRules } from "./limits.ts";
import type { ApiRoute } from "./route.ts";

const blacklistPage = "doc/offiaccount/User_Management/Manage_blacklist";

export const userRoutes: readonly ApiRoute[] = [
  {
    method: "GET",
    path: "/cgi-bin/user/info",
    says: "Tells of one user: whether they follow, since when, by which code, their remark and tags.",
    page: "doc/service/api/usermanage/userinfo",
    access: "token",
    right: "users",
    perDay: 500_000,
    errcodes: [40003, 41009, 49003],
    handle(state, call) {
      const { openid = "", lang = "zh_CN" } = call.query;
      if (openid === "") throw new Refusal(41009);
      return json(describeUser(bondOf(state, accountOf(call), openid), lang));
    },
  },
  {
    method: "POST",
    path: "/cgi-bin/user/info/batchget",
    says: "Tells of up to a hundred users.",
    page: "doc/service/api/usermanage/userinfo",
    access: "token",
    right: "users",
    perDay: 500_000,
    body: z.strictObject({ user_list: z.array(z.strictObject({ openid: z.string(), lang: z.string().optional() })) }),
    rules: [userRules.batch],
    errcodes: [40003, 49003],
    handle(state, call) {
      const wanted = Array.isArray(call.body["user_list"]) ? (call.body["user_list"] as unknown[]) : [];
      state.rules.within(userRules.batch, wanted.length);
      const users = wanted.map((each) => {
        const { openid, lang } = objectOf({ each }, "each") ?? {};
        if (typeof openid !== "string") throw new Refusal(40003);
        return describeUser(bondOf(state, accountOf(call), openid), typeof lang === "string" ? lang : "zh_CN");
      });
      return json({ user_info_list: users });
    },
  },
  {
    method: "GET",
    path: "/cgi-bin/user/get",
    says: "Lists the followers' openids, ten thousand a page.",
    page: "doc/service/en/User_Management/Getting_a_User_List",
    access: "token",
    right: "users",
    perDay: 500,
    rules: [userRules.page],
    errcodes: [40003],
    handle(state, call) {
      const users = state.bonds.of(accountOf(call)).followers(({ isBlocked }) => !isBlocked);
      return json(pageOfUsers(users, call.query["next_openid"] ?? "", state.rules.number(userRules.page)));
    },
  },
  {
    method: "POST",
    path: "/cgi-bin/user/info/updateremark",
    says: "Sets the account's own name for a follower.",
    page: "doc/offiaccount/User_Management/Configuring_user_notes",
    access: "token",
    right: "users",
    perDay: 10_000,
    body: z.strictObject({ openid: z.string(), remark: z.string() }),
    rules: [userRules.remarkBytes],
    errcodes: [40003, 49003],
    handle(state, call) {
      const bond = bondOf(state, accountOf(call), textOf(call.body, "openid") ?? "");
      const remark = textOf(call.body, "remark") ?? "";
      state.rules.within(userRules.remarkBytes, Buffer.byteLength(remark));
      bond.remark = remark;
      state.tell({ type: "world" });
      return okAnswer;
    },
  },
  {
    method: "POST",
    path: "/cgi-bin/tags/members/getblacklist",
    says: "Lists the openids on the account's black list, a thousand a page.",
    page: blacklistPage,
    access: "token",
    right: "users",
    body: z.strictObject({ begin_openid: z.string().optional() }),
    rules: [userRules.blockPage],
    errcodes: [40003],
    handle(state, call) {
      const users = state.bonds.of(accountOf(call)).followers(({ isBlocked }) => isBlocked);
      const after = textOf(call.body, "begin_openid") ?? "";
      return json(pageOfUsers(users, after, state.rules.number(userRules.blockPage)));
    },
  },
  blocking("/cgi-bin/tags/members/batchblacklist", "Puts followers on the account's black list.", true),
  blocking("/cgi-bin/tags/members/batchunblacklist", "Takes users off the account's black list.", false),
];

function blocking(path: string, says: string, isBlocked: boolean): ApiRoute {
  return {
    method: "POST",
    path,
    says,
    page: blacklistPage,
    access: "token",
    right: "users",
    body: z.strictObject({ openid_list: z.array(z.string()) }),
    rules: [userRules.blockBatch],
    errcodes: [40003, 49003],
    handle(state, call) {
      const openids = textsOf(call.body, "openid_list", 40003);
      state.rules.within(userRules.blockBatch, openids.length);
      // All or none: an unknown one is found before anybody is touched.
      const bonds = openids.map((openid) => bondOf(state, accountOf(call), openid));
      for (const bond of bonds) bond.isBlocked = isBlocked;
      state.tell({ type: "world" });
      return okAnswer;
    },
  };
}

/**
 * A user as the account is told. Name and picture have been empty since 2021-12-27 (announcement; quoted widely), so
 * the emulator never gives them.
 */
function describeUser(bond: Bond, language: string): Record<string, unknown> {
  const { openid } = bond;
  const unionid = bond.unionid === null ? {} : { unionid: bond.unionid };
  if (!bond.following) return { subscribe: 0, openid, ...unionid, tagid_list: [] };
  return {
    subscribe: 1,
    openid,
    nickname: "",
    sex: 0,
    language,
    city: "",
    province: "",
    country: "",
    headimgurl: "",
    subscribe_time: Math.floor(bond.followedAt / 1000),
    ...unionid,
    remark: bond.remark,
    groupid: bond.tagIds[0] ?? 0,
    tagid_list: bond.tagIds,
    subscribe_scene: bond.subscribeScene,
    qr_scene: bond.qrScene,
    qr_scene_str: bond.qrSceneText,
  };
}
