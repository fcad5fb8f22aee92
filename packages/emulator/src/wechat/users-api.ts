import { accountOf, json } from "./answers.ts";
import { Refusal } from "./errcodes.ts";
import type { ApiRoute } from "./gateway.ts";

/**
 * A user of the account. Source: doc/service/api/usermanage/userinfo. Name and picture have been empty since
 * 2021-12-27 (announcement; quoted widely), so the emulator never gives them.
 */
export const userRoutes: readonly ApiRoute[] = [
  {
    method: "GET",
    path: "/cgi-bin/user/info",
    access: "token",
    handle(state, call) {
      const openid = call.query["openid"];
      if (openid === undefined || openid === "") throw new Refusal(41009);
      const bond = state.bondByOpenid(accountOf(call).appid, openid);
      if (bond === undefined) throw new Refusal(40003);
      const unionid = bond.unionid === null ? {} : { unionid: bond.unionid };
      if (!bond.following) return json({ subscribe: 0, openid, ...unionid, tagid_list: [] });
      return json({
        subscribe: 1,
        openid,
        nickname: "",
        sex: 0,
        language: call.query["lang"] ?? "zh_CN",
        city: "",
        province: "",
        country: "",
        headimgurl: "",
        subscribe_time: Math.floor(bond.followedAt / 1000),
        ...unionid,
        remark: "",
        groupid: 0,
        tagid_list: [],
        subscribe_scene: bond.subscribeScene,
        qr_scene: bond.qrScene,
        qr_scene_str: bond.qrSceneText,
      });
    },
  },
];
