import { z } from "zod";
import type { Account } from "../world/model.ts";
import { end, openSession, sessionOf, staffOf } from "../world/staff.ts";
import type { Staff } from "../world/staff-shape.ts";
import type { State } from "../world/state.ts";
import { accountOf, bondOf, json, numberOf, okAnswer, textOf } from "./answers.ts";
import { Refusal } from "./errcodes.ts";
import { staffRules } from "./limits.ts";
import type { ApiCall, ApiRoute } from "./route.ts";

const managing = "doc/service/api/customer/servicermanage";
const sessions = "doc/service/api/customer/messctrl";
const common = { access: "token", right: "customMessages" } as const;
const Named = z.strictObject({ kf_account: z.string(), nickname: z.string() });
const OfSession = z.strictObject({ kf_account: z.string(), openid: z.string() });

/** WeChat's own customer service: who serves, whom, and what was said. */
export const staffRoutes: readonly ApiRoute[] = [
  {
    ...common,
    method: "POST",
    path: "/customservice/kfaccount/add",
    says: "Adds somebody to the customer service's staff.",
    page: `${managing}/api_addkfaccount`,
    body: Named,
    rules: [staffRules.perAccount, staffRules.nickCharacters, staffRules.prefixCharacters, staffRules.suffixCharacters],
    errcodes: [65406],
    handle(state, call) {
      const account = accountOf(call);
      const name = wellFormedName(state, call);
      const nick = nickOf(state, call);
      if (staffOf(account, name) !== undefined) throw new Refusal(65406);
      state.rules.within(staffRules.perAccount, account.staff.length + 1);
      const id = String(1_000 + state.count(`${account.appid} staff`));
      account.staff.push({ account: name, nick, id, wx: null, invite: null, isOnline: false });
      state.tell({ type: "world" });
      return okAnswer;
    },
  },
  {
    ...common,
    method: "POST",
    path: "/customservice/kfaccount/update",
    says: "Renames one of the staff.",
    page: `${managing}/api_updatekfaccount`,
    body: Named,
    rules: [staffRules.nickCharacters],
    errcodes: [65401],
    handle(state, call) {
      const staff = knownStaff(accountOf(call), textOf(call.body, "kf_account"));
      staff.nick = nickOf(state, call);
      state.tell({ type: "world" });
      return okAnswer;
    },
  },
  {
    ...common,
    method: "POST",
    path: "/customservice/kfaccount/inviteworker",
    says: "Invites a WeChat user to be one of the staff.",
    page: `${managing}/api_invitekfworker`,
    body: z.strictObject({ kf_account: z.string(), invite_wx: z.string() }),
    rules: [staffRules.inviteSeconds],
    errcodes: [65401, 65407, 65409, 65411, 65412],
    handle(state, call) {
      const account = accountOf(call);
      const staff = knownStaff(account, textOf(call.body, "kf_account"));
      const wx = textOf(call.body, "invite_wx") ?? "";
      if (!state.puppets.has(wx)) throw new Refusal(65409);
      if (staff.wx !== null) throw new Refusal(65412);
      if (account.staff.some((other) => other.wx === wx)) throw new Refusal(65407);
      if (inviteStatus(state, staff) === "waiting") throw new Refusal(65411);
      const expiresAt = state.now() + state.rules.number(staffRules.inviteSeconds) * 1000;
      staff.invite = { wx, expiresAt, status: "waiting" };
      state.tell({ type: "world" });
      return okAnswer;
    },
  },
  {
    ...common,
    method: "POST",
    path: "/customservice/kfaccount/del",
    says: "Takes somebody off the staff; the sessions they have are closed.",
    page: `${managing}/api_delkfaccount`,
    body: z.strictObject({ kf_account: z.string() }),
    errcodes: [65401],
    handle(state, call) {
      const account = accountOf(call);
      const staff = knownStaff(account, textOf(call.body, "kf_account"));
      for (const session of account.staffSessions.filter((each) => each.account === staff.account))
        end(state, account, session);
      account.staff = account.staff.filter((other) => other !== staff);
      state.tell({ type: "world" });
      return okAnswer;
    },
  },
  {
    ...common,
    method: "GET",
    path: "/cgi-bin/customservice/getkflist",
    says: "Lists the customer service's staff.",
    page: `${managing}/api_getkflist`,
    handle: (state, call) => json({ kf_list: accountOf(call).staff.map((staff) => describe(state, staff)) }),
  },
  {
    ...common,
    method: "GET",
    path: "/cgi-bin/customservice/getonlinekflist",
    says: "Lists the staff who are online, and how many customers each serves.",
    page: `${managing}/api_getonlinekflist`,
    handle(state, call) {
      const account = accountOf(call);
      const online = account.staff.filter(({ isOnline }) => isOnline);
      const list = online.map(({ account: name, id }) => ({
        kf_account: name,
        status: 1,
        kf_id: id,
        accepted_case: sessionsOf(state, account, name).length,
      }));
      return json({ kf_online_list: list });
    },
  },
  {
    ...common,
    method: "POST",
    path: "/customservice/kfsession/create",
    says: "Lets one of the staff serve a customer; what the customer writes is pushed no more.",
    page: `${sessions}/api_createkfsession`,
    body: OfSession,
    rules: [staffRules.sessionSeconds],
    errcodes: [40003, 49003, 65401, 65402, 65414, 65415],
    handle(state, call) {
      const account = accountOf(call);
      const { openid } = bondOf(state, account, textOf(call.body, "openid") ?? "");
      const staff = knownStaff(account, textOf(call.body, "kf_account"));
      if (staff.wx === null) throw new Refusal(65402);
      const session = sessionOf(state, account, openid);
      if (session?.account === staff.account) return okAnswer;
      if (session !== undefined) throw new Refusal(65414);
      if (!staff.isOnline) throw new Refusal(65415);
      openSession(state, account, openid, staff);
      return okAnswer;
    },
  },
  {
    ...common,
    method: "POST",
    path: "/customservice/kfsession/close",
    says: "Ends a session: what the customer writes is pushed again.",
    page: `${sessions}/api_closesession`,
    body: OfSession,
    errcodes: [40003, 49003, 65401, 65413, 65414],
    handle(state, call) {
      const account = accountOf(call);
      const { openid } = bondOf(state, account, textOf(call.body, "openid") ?? "");
      const staff = knownStaff(account, textOf(call.body, "kf_account"));
      const session = sessionOf(state, account, openid);
      if (session === undefined) throw new Refusal(65413);
      if (session.account !== staff.account) throw new Refusal(65414);
      end(state, account, session);
      return okAnswer;
    },
  },
  {
    ...common,
    method: "GET",
    path: "/customservice/kfsession/getsession",
    says: "Tells who serves a customer, if anybody does.",
    page: `${sessions}/api_getcustomersession`,
    errcodes: [40003, 49003],
    handle(state, call) {
      const account = accountOf(call);
      const { openid } = bondOf(state, account, call.query["openid"] ?? "");
      const session = sessionOf(state, account, openid);
      const told = { errcode: 0, errmsg: "ok", kf_account: session?.account ?? "" };
      return json(session === undefined ? told : { ...told, createtime: seconds(session.createdAt) });
    },
  },
  {
    ...common,
    method: "GET",
    path: "/customservice/kfsession/getsessionlist",
    says: "Lists the customers whom one of the staff serves.",
    page: `${sessions}/api_getkfsessionlist`,
    errcodes: [65401],
    handle(state, call) {
      const account = accountOf(call);
      const staff = knownStaff(account, call.query["kf_account"] ?? "");
      const list = sessionsOf(state, account, staff.account);
      return json({
        sessionlist: list.map(({ openid, createdAt }) => ({ createtime: seconds(createdAt), openid })),
      });
    },
  },
  {
    ...common,
    method: "GET",
    path: "/customservice/kfsession/getwaitcase",
    says: "Lists the customers whom nobody serves yet, those who came first first.",
    page: `${sessions}/api_getunacceptedsessionlist`,
    rules: [staffRules.waitingShown],
    handle(state, call) {
      const { staffWaiting } = accountOf(call);
      const shown = staffWaiting.slice(0, state.rules.number(staffRules.waitingShown));
      const list = shown.map(({ openid, at }) => ({ latest_time: seconds(at), openid }));
      return json({ count: staffWaiting.length, waitcaselist: list });
    },
  },
  {
    ...common,
    method: "POST",
    path: "/customservice/msgrecord/getmsglist",
    says: "Lists what staff and customers said to each other.",
    page: "doc/service/api/customer/message/api_getmsglist",
    body: z.strictObject({ starttime: z.number(), endtime: z.number(), msgid: z.number(), number: z.number() }),
    rules: [staffRules.recordSpan, staffRules.records],
    errcodes: [65416],
    handle(state, call) {
      const [start, finish, first, number] = ["starttime", "endtime", "msgid", "number"].map((name) => {
        const value = numberOf(call.body, name);
        if (value === null || value < 0) throw new Refusal(65416);
        return value;
      }) as [number, number, number, number];
      state.rules.within(staffRules.recordSpan, finish - start);
      state.rules.within(staffRules.records, number);
      const { appid } = accountOf(call);
      const fits = state.staffRecords.filter(
        (each) => each.appid === appid && each.number >= first && isWithin(each.at, start, finish),
      );
      const page = fits.slice(0, number);
      return json({
        recordlist: page.map(({ openid, opercode, text, at, worker }) => ({
          openid,
          opercode,
          text,
          time: seconds(at),
          worker,
        })),
        number: page.length,
        msgid: (page.at(-1)?.number ?? first - 1) + 1,
      });
    },
  },
];

function isWithin(at: number, start: number, finish: number): boolean {
  return seconds(at) >= start && seconds(at) <= finish;
}

function seconds(at: number): number {
  return Math.floor(at / 1000);
}

/** @throws Refusal 65401 */
function knownStaff(account: Account, name: string | null): Staff {
  const staff = staffOf(account, name ?? "");
  if (staff === undefined) throw new Refusal(65401);
  return staff;
}

/** Sessions that are over drop out while they are looked at. */
function sessionsOf(state: State, account: Account, name: string) {
  const own = account.staffSessions.filter((each) => each.account === name);
  return own.flatMap(({ openid }) => sessionOf(state, account, openid) ?? []);
}

/** `prefix@wechat-number`: what the number is, the emulator can't know. @throws Refusal 65404 */
function wellFormedName(state: State, call: ApiCall): string {
  const name = textOf(call.body, "kf_account") ?? "";
  const [prefix = "", suffix = "", ...rest] = name.split("@");
  if (rest.length > 0 || !/^\w*$/.test(prefix) || !/^[\w-]*$/.test(suffix)) throw new Refusal(65404);
  state.rules.within(staffRules.prefixCharacters, prefix.length);
  state.rules.within(staffRules.suffixCharacters, suffix.length);
  return name;
}

function nickOf(state: State, call: ApiCall): string {
  const nick = textOf(call.body, "nickname") ?? "";
  state.rules.within(staffRules.nickCharacters, Array.from(nick).length);
  return nick;
}

function inviteStatus(state: State, { invite }: Staff): string {
  if (invite === null) return "none";
  return invite.status === "waiting" && invite.expiresAt <= state.now() ? "expired" : invite.status;
}

function describe(state: State, staff: Staff): Record<string, unknown> {
  const { account, nick, id, wx, invite } = staff;
  return {
    kf_account: account,
    kf_headimgurl: "",
    kf_id: id,
    kf_nick: nick,
    ...(wx === null ? {} : { kf_wx: wx }),
    ...(invite === null
      ? {}
      : {
          invite_wx: invite.wx,
          invite_expire_time: seconds(invite.expiresAt),
          invite_status: inviteStatus(state, staff),
        }),
  };
}
