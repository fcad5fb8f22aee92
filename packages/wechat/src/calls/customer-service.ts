import { z } from "zod";
import { assertBetween, Done, get, idempotent, post, read } from "../call.ts";

/*
 * WeChat's own customer service: staff who answer in WeChat's client, and their sessions with customers. While somebody
 * is served, what they write is pushed to no server.
 */
const managing = "doc/service/api/customer/servicermanage";
const sessions = "doc/service/api/customer/messctrl";

/** Staff of an account (65405). */
export const mostStaff = 100;
/** Characters of a nickname (65403). */
export const staffNickCharacters = 16;

/** `prefix@wechat-number`, the number the account's own. */
type StaffName = string;

const nameOf = ({ staff }: { staff: StaffName }) => ({ body: { kf_account: staff } });
const namedOf = ({ staff, nick }: { staff: StaffName; nick: string }) => {
  assertBetween("the nickname's characters", Array.from(nick).length, 1, staffNickCharacters);
  return { body: { kf_account: staff, nickname: nick } };
};
const pairOf = ({ staff, openid }: { staff: StaffName; openid: string }) => ({ body: { kf_account: staff, openid } });

export const addStaff = post("/customservice/kfaccount/add", {
  page: `${managing}/api_addkfaccount`,
  // There is such a one.
  effect: idempotent(65406),
  request: namedOf,
  reply: Done,
});

export const renameStaff = post("/customservice/kfaccount/update", {
  page: `${managing}/api_updatekfaccount`,
  effect: idempotent(),
  request: namedOf,
  reply: Done,
});

/** Asks a WeChat user to be one of the staff; until they agree they serve nobody (65402). */
export const inviteStaff = post("/customservice/kfaccount/inviteworker", {
  page: `${managing}/api_invitekfworker`,
  // The invitation waits.
  effect: idempotent(65411),
  request: ({ staff, wechatId }: { staff: StaffName; wechatId: string }) => ({
    body: { kf_account: staff, invite_wx: wechatId },
  }),
  reply: Done,
});

export const removeStaff = post("/customservice/kfaccount/del", {
  page: `${managing}/api_delkfaccount`,
  // They are gone.
  effect: idempotent(65401),
  request: nameOf,
  reply: Done,
});

export const staffList = get("/cgi-bin/customservice/getkflist", {
  page: `${managing}/api_getkflist`,
  effect: read,
  reply: z
    .object({
      kf_list: z.array(
        z.object({
          kf_account: z.string(),
          kf_id: z.union([z.string(), z.number()]).transform(String),
          kf_nick: z.string(),
          kf_wx: z.string().optional(),
          invite_wx: z.string().optional(),
          invite_status: z.string().optional(),
        }),
      ),
    })
    .transform(({ kf_list: list }) =>
      list.map((each) => ({
        staff: each.kf_account,
        id: each.kf_id,
        nick: each.kf_nick,
        /** Null: nobody has agreed yet. */
        wechatId: each.kf_wx ?? null,
        invited: each.invite_wx ?? null,
        invitation: each.invite_status ?? null,
      })),
    ),
});

export const onlineStaff = get("/cgi-bin/customservice/getonlinekflist", {
  page: `${managing}/api_getonlinekflist`,
  effect: read,
  reply: z
    .object({
      kf_online_list: z.array(
        z.object({ kf_account: z.string(), status: z.number(), accepted_case: z.number().default(0) }),
      ),
    })
    .transform(({ kf_online_list: list }) =>
      list.map((each) => ({ staff: each.kf_account, isOnline: each.status !== 0, customers: each.accepted_case })),
    ),
});

/** Lets one of the staff, who is online (65415), serve a customer whom nobody else serves (65414). */
export const openStaffSession = post("/customservice/kfsession/create", {
  page: `${sessions}/api_createkfsession`,
  effect: idempotent(),
  request: pairOf,
  reply: Done,
});

export const closeStaffSession = post("/customservice/kfsession/close", {
  page: `${sessions}/api_closesession`,
  // Nobody serves them.
  effect: idempotent(65413),
  request: pairOf,
  reply: Done,
});

/** Who serves a customer; null: nobody. */
export const staffSessionOf = get("/customservice/kfsession/getsession", {
  page: `${sessions}/api_getcustomersession`,
  effect: read,
  request: ({ openid }: { openid: string }) => ({ query: { openid } }),
  reply: z
    .object({ kf_account: z.string().default(""), createtime: z.number().default(0) })
    .transform(({ kf_account: staff, createtime }) => (staff === "" ? null : { staff, since: createtime })),
});

/** Whom one of the staff serves. */
export const staffSessions = get("/customservice/kfsession/getsessionlist", {
  page: `${sessions}/api_getkfsessionlist`,
  effect: read,
  request: ({ staff }: { staff: StaffName }) => ({ query: { kf_account: staff } }),
  reply: z
    .object({ sessionlist: z.array(z.object({ openid: z.string(), createtime: z.number() })) })
    .transform(({ sessionlist: list }) => list.map(({ openid, createtime }) => ({ openid, since: createtime }))),
});

/** Who waits, those who came first first: a hundred at most, though `count` tells of all. */
export const waitingCustomers = get("/customservice/kfsession/getwaitcase", {
  page: `${sessions}/api_getunacceptedsessionlist`,
  effect: read,
  reply: z
    .object({
      count: z.number(),
      waitcaselist: z.array(z.object({ openid: z.string(), latest_time: z.number() })),
    })
    .transform(({ count, waitcaselist: list }) => ({
      count,
      customers: list.map(({ openid, latest_time: since }) => ({ openid, since })),
    })),
});

/** What staff and customers said within a day at most (65417), ten thousand a page; `next` begins the next one. */
export const staffRecords = post("/customservice/msgrecord/getmsglist", {
  page: "doc/service/api/customer/message/api_getmsglist",
  effect: read,
  request: ({ from, to, first = 1, count = 10_000 }: { from: Date; to: Date; first?: number; count?: number }) => ({
    body: { starttime: seconds(from), endtime: seconds(to), msgid: first, number: count },
  }),
  reply: z
    .object({
      recordlist: z.array(
        z.object({
          openid: z.string(),
          opercode: z.number(),
          text: z.string(),
          time: z.number(),
          worker: z.string(),
        }),
      ),
      msgid: z.number(),
    })
    .transform(({ recordlist: list, msgid }) => ({
      records: list.map(({ openid, opercode, text, time, worker }) => ({
        openid,
        /** Whether staff said it, or the customer. */
        isOfStaff: opercode === 2002,
        text,
        at: time,
        staff: worker,
      })),
      next: msgid,
    })),
});

function seconds(date: Date): number {
  return Math.floor(date.getTime() / 1000);
}
