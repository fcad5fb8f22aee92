import type { Field } from "../wechat/envelope.ts";
import { staffRules } from "../wechat/limits.ts";
import type { StoredBond } from "./bond-book.ts";
import type { Account, ChatContent } from "./model.ts";
import { afterAnswer } from "./notices.ts";
import { sendEvent } from "./events.ts";
import type { Staff, StaffRecord, StaffSession } from "./staff-shape.ts";
import type { State } from "./state.ts";
import { Trouble } from "./trouble.ts";

/** Older ones fall out, as those of the journal do. */
const keptRecords = 20_000;

export function staffOf(account: Account, name: string): Staff | undefined {
  return account.staff.find((staff) => staff.account === name);
}

/** The customer's session that is still open; one that nobody used for so long has ended, and its event goes out. */
export function sessionOf(state: State, account: Account, openid: string): StaffSession | undefined {
  const session = account.staffSessions.find((each) => each.openid === openid);
  if (session === undefined) return undefined;
  const seconds = state.rules.number(staffRules.sessionSeconds);
  if (session.usedAt + seconds * 1000 > state.now()) return session;
  end(state, account, session);
  return undefined;
}

export function openSession(state: State, account: Account, openid: string, staff: Staff): void {
  const at = state.now();
  account.staffSessions = [
    ...account.staffSessions.filter((each) => each.openid !== openid),
    { openid, account: staff.account, createdAt: at, usedAt: at },
  ];
  account.staffWaiting = account.staffWaiting.filter((each) => each.openid !== openid);
  tellOf(state, account, openid, "kf_create_session", [{ name: "KfAccount", text: staff.account }]);
}

export function end(state: State, account: Account, session: StaffSession): void {
  account.staffSessions = account.staffSessions.filter((each) => each !== session);
  tellOf(state, account, session.openid, "kf_close_session", [{ name: "KfAccount", text: session.account }]);
}

/** A reply handed the customer over: to whom it names, if they are there, else they wait. */
export function handOver(state: State, account: Account, openid: string, wanted: string | null): void {
  if (sessionOf(state, account, openid) !== undefined) return;
  const staff = wanted === null ? undefined : staffOf(account, wanted);
  if (staff?.isOnline === true) return openSession(state, account, openid, staff);
  const others = account.staffWaiting.filter((each) => each.openid !== openid);
  account.staffWaiting = [...others, { openid, at: state.now(), account: staff?.account ?? null }];
  state.tell({ type: "world" });
}

/** What a customer writes goes to who serves them and to nobody else. @returns whether it did */
export function passToStaff(state: State, account: Account, bond: StoredBond): boolean {
  const session = sessionOf(state, account, bond.openid);
  if (session === undefined) return false;
  const content = bond.chat.findLast(({ from }) => from === "puppet")?.content;
  session.usedAt = state.now();
  record(state, account, { openid: bond.openid, opercode: 2003, worker: session.account, text: textOf(content) });
  return true;
}

/** What staff said, by the call that named them. */
export function saidByStaff(state: State, account: Account, bond: StoredBond, worker: string, said: ChatContent): void {
  const session = sessionOf(state, account, bond.openid);
  if (session?.account === worker) session.usedAt = state.now();
  record(state, account, { openid: bond.openid, opercode: 2002, worker, text: textOf(said) });
}

function record(state: State, { appid }: Account, said: Omit<StaffRecord, "appid" | "number" | "at">): void {
  state.staffRecords.push({ appid, number: state.count(`${appid} staff record`), at: state.now(), ...said });
  if (state.staffRecords.length > keptRecords) state.staffRecords.shift();
}

/** Pictures and the like stand in records as a word. Source: doc/service/api/customer/message/api_getmsglist. */
function textOf(content: ChatContent | undefined): string {
  if (content?.kind === "text") return content.text;
  if (content?.kind === "picture") return "[image]";
  return content?.kind === "media" ? `[${content.type}]` : `[${content?.kind ?? "text"}]`;
}

function tellOf(state: State, account: Account, openid: string, event: string, fields: Field[]): void {
  const bond = state.bondByOpenid(account.appid, openid);
  if (bond !== undefined) afterAnswer(state, () => sendEvent(state, account, bond, event, fields, false));
  state.tell({ type: "world" });
}

/** What staff do in their own client, which no call does. */
export interface StaffChanges {
  /** Answers the invitation. */
  accepts?: boolean | undefined;
  isOnline?: boolean | undefined;
  /** Takes somebody who waits, or the customer of whoever serves them: kf_switch_session. */
  takes?: string | undefined;
}

/** @throws Trouble */
export function changeStaff(state: State, account: Account, name: string, changes: StaffChanges): Staff {
  const staff = staffOf(account, name);
  if (staff === undefined) throw new Trouble("no_such_staff", `The account has no staff ${name}.`);
  if (changes.accepts !== undefined) answerInvite(state, staff, changes.accepts);
  if (changes.isOnline !== undefined) {
    if (changes.isOnline && staff.wx === null)
      throw new Trouble("invalid_request", "Whoever has no WeChat number bound can't be online: accept an invitation.");
    staff.isOnline = changes.isOnline;
    if (staff.isOnline) takeWaiting(state, account, staff);
  }
  if (changes.takes !== undefined) take(state, account, staff, changes.takes);
  state.tell({ type: "world" });
  return staff;
}

function answerInvite(state: State, staff: Staff, accepts: boolean): void {
  if (staff.invite === null || staff.invite.status !== "waiting" || staff.invite.expiresAt <= state.now())
    throw new Trouble("invalid_request", "There is no invitation to answer.");
  if (accepts) Object.assign(staff, { wx: staff.invite.wx, invite: null });
  else staff.invite = { ...staff.invite, status: "rejected" };
}

/** Those who were told to wait for them. */
function takeWaiting(state: State, account: Account, staff: Staff): void {
  for (const { openid } of account.staffWaiting.filter((each) => each.account === staff.account))
    openSession(state, account, openid, staff);
}

function take(state: State, account: Account, staff: Staff, openid: string): void {
  if (!staff.isOnline) throw new Trouble("invalid_request", "Whoever isn't online serves nobody.");
  const session = sessionOf(state, account, openid);
  if (session === undefined) {
    if (!account.staffWaiting.some((each) => each.openid === openid))
      throw new Trouble("invalid_request", "This customer neither waits nor is served.");
    return openSession(state, account, openid, staff);
  }
  if (session.account === staff.account) return;
  const from = session.account;
  Object.assign(session, { account: staff.account, usedAt: state.now() });
  tellOf(state, account, openid, "kf_switch_session", [
    { name: "FromKfAccount", text: from },
    { name: "ToKfAccount", text: staff.account },
  ]);
}
