import { performance } from "node:perf_hooks";
import { unixSeconds } from "../clock.ts";
import { pause } from "../pause.ts";
import type { PushFault } from "../world/faults.ts";
import type { Account, Bond, ChatContent, PushReport, PushTry } from "../world/model.ts";
import { serviceTroubleText } from "../world/model.ts";
import { addChat } from "../world/chat.ts";
import type { State } from "../world/state.ts";
import { exchange } from "./deliver.ts";
import { type Envelope, type Field, wrap, writeMessage } from "./envelope.ts";
import { pushRules } from "./limits.ts";
import { readReply } from "./reply.ts";

export interface PushOrder {
  account: Account;
  bond: Bond | null;
  /** MsgType, or the Event of an event. */
  what: string;
  fields: Field[];
  isEvent: boolean;
  /** Whether a phone would show the answer, or the system's sentence when there is none. */
  conversation: boolean;
  /** Hands the user over to staff, or to whom the answer names. */
  toStaff?: (wanted: string | null) => void;
}

/** A push on its way: the report as it grows, and when it is through. */
export interface PushWork {
  report: PushReport;
  done: Promise<PushReport>;
}

/**
 * Sends a message to the developer's server as WeChat does: up to three tries of 5 s, the same MsgId each time; the
 * answer appears in the chat. Never rejects; the report says what happened. A fault may hold it back, repeat it, or
 * lose the answers.
 */
export function push(state: State, order: PushOrder): PushWork {
  const report = newReport(state, order);
  if (order.account.push === null) return { report, done: Promise.resolve(report) };
  const fault = state.faults.takeForPush(order.what, order.account.appid);
  const done = state.track(carryOut(state, order, report, fault));
  if (fault?.holdFor === undefined) return { report, done };
  // Whoever acts next lets it go, so nobody can wait for it.
  report.outcome = "held";
  return { report, done: Promise.resolve(structuredClone(report)) };
}

/** What WeChat keeps to itself, and why: nobody is asked, and the phone shows nothing. */
export function unheard(
  state: State,
  { problem, ...order }: Pick<PushOrder, "account" | "bond" | "what"> & { problem: string },
): PushWork {
  const report = newReport(state, { ...order, fields: [], isEvent: false, conversation: false });
  Object.assign(report, { outcome: "none", problem });
  return { report, done: Promise.resolve(report) };
}

function newReport(state: State, order: PushOrder): PushReport {
  return {
    id: state.nextId("push"),
    appid: order.account.appid,
    puppetId: order.bond?.puppetId ?? null,
    what: order.what,
    outcome: order.account.push === null ? "none" : "underway",
    tries: [],
    message: writeMessage(order.fields, order.account.push?.format ?? "xml"),
    body: "",
    reply: null,
    replyText: "",
    problem: order.account.push === null ? "the account has no push configuration" : null,
    copies: [],
  };
}

async function carryOut(
  state: State,
  order: PushOrder,
  report: PushReport,
  fault: PushFault | null,
): Promise<PushReport> {
  const { generation } = state;
  // What was begun in a world that is no more is written down in none.
  const isOver = (): boolean => state.generation !== generation;
  if (fault?.holdFor !== undefined) await held(state, order.account.appid, fault.holdFor);
  if (fault?.delayMs !== undefined) await pause(fault.delayMs, state.stopping.signal);
  if (fault?.lose === true) return lose(state, report, isOver());
  const repeats = Math.max(1, fault?.repeat ?? 1);
  const deliveries: Promise<void>[] = [];
  for (let number = 0; number < repeats; number += 1) {
    // Only the first delivery's answer is shown: WeChat takes the later ones for the same message.
    const copy = number === 0 ? report : newReport(state, order);
    if (copy !== report) report.copies.push(copy);
    const dropAnswers = number === 0 ? (fault?.dropAnswers ?? 0) : 0;
    const delivery = deliver(state, order, copy, { isOver, dropAnswers, isForged: fault?.badSignature === true });
    if (fault?.parallel !== true) await delivery;
    deliveries.push(delivery);
  }
  await Promise.all(deliveries);
  if (isOver()) return report;
  show(state, order, report);
  releaseHeld(state, order.account.appid);
  return report;
}

async function deliver(
  state: State,
  order: PushOrder,
  report: PushReport,
  { isOver, dropAnswers, isForged }: { isOver: () => boolean; dropAnswers: number; isForged: boolean },
): Promise<void> {
  const startedAt = performance.now();
  for (let number = 1; number <= state.rules.number(pushRules.tries); number += 1) {
    if (state.stopping.signal.aborted || order.account.push === null) break;
    const tried = await tryOnce(state, order, report, { drop: number <= dropAnswers, isForged });
    report.tries.push(tried);
    if (tried.problem === null) break;
  }
  if (isOver()) return;
  judge(state, order, report);
  writeJournal(state, report, performance.now() - startedAt);
}

async function tryOnce(
  state: State,
  order: PushOrder,
  report: PushReport,
  { drop, isForged }: { drop: boolean; isForged: boolean },
): Promise<PushTry> {
  const envelope = seal(state, order, isForged);
  const url = addQuery(order.account.push?.url ?? "", envelope.query);
  report.body = envelope.body;
  const startedAt = performance.now();
  const tried: PushTry = { url, ms: 0, status: null, reply: "", problem: null, dropped: false };
  try {
    const answer = await exchange(url, {
      method: "POST",
      body: envelope.body,
      contentType: envelope.contentType,
      timeoutMs: state.pushTimeoutMs,
      signal: state.stopping.signal,
    });
    tried.status = answer.status;
    tried.reply = answer.body;
    if (answer.status !== 200 && state.rules.position(pushRules.afterBadStatus) === "again")
      tried.problem = `HTTP status ${answer.status}`;
    if (drop) {
      tried.dropped = true;
      tried.problem = "a fault threw the answer away";
    }
  } catch (error) {
    tried.problem = (error as Error).message;
  }
  tried.ms = Math.round(performance.now() - startedAt);
  return tried;
}

/** A push that never leaves: it counts for those held back behind it, and the journal is all that knows of it. */
function lose(state: State, report: PushReport, isOver: boolean): PushReport {
  if (isOver) return report;
  Object.assign(report, { outcome: "lost", problem: "a fault lost it" });
  writeJournal(state, report, 0);
  releaseHeld(state, report.appid);
  return report;
}

/** `isForged`: as somebody would who doesn't know the token. */
function seal(state: State, order: PushOrder, isForged: boolean): Envelope {
  const { account, bond } = order;
  if (account.push === null) throw new Error("an account without a push configuration can't push");
  const config = isForged ? { ...account.push, token: `${account.push.token}x` } : account.push;
  return wrap(order.fields, config, {
    appid: account.appid,
    timestamp: unixSeconds(state.clock.now()),
    nonce: state.random.digits(9),
    random: state.random.bytes(16),
    openid: bond?.openid ?? null,
  });
}

/** Reads the answer of the last try into the report. */
function judge(state: State, order: PushOrder, report: PushReport): void {
  const last = report.tries.at(-1);
  if (last === undefined || last.problem !== null) {
    report.outcome = "failed";
    report.problem = last?.problem ?? "nothing was sent";
    return;
  }
  const reading = readReply(last.reply, order.account, {
    openid: order.bond?.openid ?? null,
    isEvent: order.isEvent,
    rules: state.rules,
  });
  report.replyText = reading.plain;
  report.outcome = reading.kind === "reply" || reading.kind === "transfer" ? "answered" : reading.kind;
  // Only messages of users are handed over. Source: the page of readReply's transfer.
  if (reading.kind === "transfer") order.toStaff?.(reading.to);
  if (reading.kind === "reply") report.reply = reading.content;
  if (reading.kind === "wrong") report.problem = reading.problem;
}

/** Puts the answer, or the system's sentence, into the chat. */
function show(state: State, order: PushOrder, report: PushReport): void {
  if (order.bond === null || !order.conversation) return;
  if (report.reply !== null && report.outcome === "answered") {
    addChat(state, order.bond, "account", report.reply, "passive");
  } else if (report.outcome === "failed" || report.outcome === "wrong") {
    const trouble: ChatContent = { kind: "note", note: "trouble", text: serviceTroubleText };
    addChat(state, order.bond, "system", trouble);
  }
}

function writeJournal(state: State, report: PushReport, ms: number): void {
  const last = report.tries.at(-1);
  state.journal.add({
    id: report.id,
    at: state.now(),
    kind: "push",
    appid: report.appid,
    what: report.what,
    method: "POST",
    url: last?.url ?? "",
    status: last?.status ?? null,
    errcode: null,
    ms: Math.round(ms),
    tries: report.tries.length,
    request: report.body === report.message ? report.body : `${report.body}\n\n${report.message}`,
    response: last === undefined || last.reply === report.replyText ? report.replyText : joinReply(last, report),
    note: report.problem ?? report.outcome,
  });
}

function joinReply(last: PushTry, report: PushReport): string {
  return report.replyText === "" ? last.reply : `${last.reply}\n\n${report.replyText}`;
}

/** Adds WeChat's parameters to a push url that may have its own. */
export function addQuery(url: string, query: URLSearchParams): string {
  return `${url}${url.includes("?") ? "&" : "?"}${query.toString()}`;
}

function held(state: State, appid: string, after: number): Promise<void> {
  return new Promise((resolve) => {
    state.held.push({ appid, after, release: resolve });
  });
}

/** Counts a delivered push towards those held back, and lets go of the ones whose time has come. */
function releaseHeld(state: State, appid: string): void {
  for (const push of state.held) if (push.appid === appid) push.after -= 1;
  releaseAllHeld(state, (push) => push.after <= 0);
}

/** Lets go of held pushes: all of them, or those that `which` picks. Returns how many. */
export function releaseAllHeld(state: State, which: (push: State["held"][number]) => boolean = () => true): number {
  const due = state.held.filter(which);
  state.held = state.held.filter((push) => !due.includes(push));
  for (const push of due) push.release();
  return due.length;
}
