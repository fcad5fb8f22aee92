import { z } from "zod";
import { assertBetween, Done, get, idempotent, post, read } from "../call.ts";

const page = "doc/service/api/usermanage/userinfo";
const blacklistPage = "doc/offiaccount/User_Management/Manage_blacklist";

/** Openids of one call. */
export const userLimits = { batch: 100, blockBatch: 20, remarkBytes: 29 } as const;

const UserInfo = z
  .object({
    subscribe: z.number(),
    openid: z.string(),
    unionid: z.string().optional(),
    subscribe_time: z.number().optional(),
    subscribe_scene: z.string().optional(),
    remark: z.string().optional(),
    tagid_list: z.array(z.number()).optional(),
    qr_scene: z.number().optional(),
    qr_scene_str: z.string().optional(),
    language: z.string().optional(),
  })
  .transform((user) => ({
    /** Whether they follow; if not, WeChat tells nothing else but the ids. */
    follows: user.subscribe === 1,
    openid: user.openid,
    unionid: user.unionid || undefined,
    followedAt: user.subscribe_time === undefined ? undefined : new Date(user.subscribe_time * 1_000),
    /** How they came, e.g. `ADD_SCENE_QR_CODE`. */
    followScene: user.subscribe_scene || undefined,
    remark: user.remark || undefined,
    tagIds: user.tagid_list ?? [],
    /** The scene of the code they followed by, whether it was a number or a text. */
    qrScene: user.qr_scene_str || (user.qr_scene ? String(user.qr_scene) : undefined),
    language: user.language || undefined,
  }));
export type UserInfo = z.output<typeof UserInfo>;

/** Name and picture have been empty since 2021, so they aren't here. */
export const userInfo = get("/cgi-bin/user/info", {
  page,
  effect: read,
  request: ({ openid }: { openid: string }) => ({ query: { openid, lang: "zh_CN" } }),
  reply: UserInfo,
});

/** Up to a hundred users; one that the account doesn't know refuses all. */
export const usersInfo = post("/cgi-bin/user/info/batchget", {
  page,
  effect: read,
  request({ openids }: { openids: readonly string[] }) {
    assertBetween("the number of openids", openids.length, 1, userLimits.batch);
    return { body: { user_list: openids.map((openid) => ({ openid, lang: "zh_CN" })) } };
  },
  reply: z.object({ user_info_list: z.array(UserInfo) }).transform(({ user_info_list }) => user_info_list),
});

const OpenidPage = z
  .object({
    total: z.number().optional(),
    count: z.number(),
    data: z.object({ openid: z.array(z.string()) }).optional(),
    next_openid: z.string().optional(),
  })
  .transform(({ total, data, next_openid }) => ({
    /** Of all pages; where WeChat tells it. */
    total,
    openids: data?.openid ?? [],
    /** Asks for the next page; absent after the last. */
    next: data === undefined || !next_openid ? undefined : next_openid,
  }));
export type OpenidPage = z.output<typeof OpenidPage>;

/** The followers' openids, ten thousand a page. The page after the last is empty. */
export const followers = get("/cgi-bin/user/get", {
  page: "doc/service/en/User_Management/Getting_a_User_List",
  effect: read,
  request: ({ after }: { after?: string | undefined }) => ({
    query: after === undefined ? {} : { next_openid: after },
  }),
  reply: OpenidPage,
});

/** The account's own name for a follower; empty takes it away. */
export const updateRemark = post("/cgi-bin/user/info/updateremark", {
  page: "doc/offiaccount/User_Management/Configuring_user_notes",
  effect: idempotent(),
  request({ openid, remark }: { openid: string; remark: string }) {
    assertBetween("the remark's bytes", Buffer.byteLength(remark), 0, userLimits.remarkBytes);
    return { body: { openid, remark } };
  },
  reply: Done,
});

/** The openids on the account's black list, a thousand a page. */
export const blacklist = post("/cgi-bin/tags/members/getblacklist", {
  page: blacklistPage,
  effect: read,
  request: ({ after = "" }: { after?: string | undefined }) => ({ body: { begin_openid: after } }),
  reply: OpenidPage,
});

const blockRequest = ({ openids }: { openids: readonly string[] }) => {
  assertBetween("the number of openids", openids.length, 1, userLimits.blockBatch);
  return { body: { openid_list: openids } };
};

export const blockUsers = post("/cgi-bin/tags/members/batchblacklist", {
  page: blacklistPage,
  effect: idempotent(),
  request: blockRequest,
  reply: Done,
});

export const unblockUsers = post("/cgi-bin/tags/members/batchunblacklist", {
  page: blacklistPage,
  effect: idempotent(),
  request: blockRequest,
  reply: Done,
});

export { OpenidPage };
