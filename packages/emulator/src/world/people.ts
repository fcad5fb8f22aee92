import type { Field } from "../wechat/envelope.ts";
import { customMessageRules, userRules } from "../wechat/limits.ts";
import { push, type PushWork, unheard } from "../wechat/push.ts";
import { chooseAccount } from "./accounts.ts";
import { addChat } from "./chat.ts";
import { heads, sendEvent } from "./events.ts";
import type {
  FollowAction,
  NewPuppet,
  PuppetChanges,
  SayAction,
  ScanAction,
  SendImageAction,
  SendLocationAction,
} from "./inputs.ts";
import type { Account, Bond, Puppet, QrCode } from "./model.ts";
import type { StoredPuppet } from "./puppet-book.ts";
import { drawPicture, pictureType } from "./picture.ts";
import { handOver, passToStaff } from "./staff.ts";
import type { State } from "./state.ts";
import { Trouble } from "./trouble.ts";

const puppetNames = ["小茶", "阿岚", "老陈", "小满", "春生", "木木", "阿青", "晓雨", "一禾", "知夏"];

/** Adds a puppet user. */
export function createPuppet(state: State, input: NewPuppet): StoredPuppet {
  const number = state.count("puppet");
  const puppet: Puppet = {
    id: input.id ?? `puppet-${number}`,
    name: input.name ?? puppetNames[(number - 1) % puppetNames.length] ?? "小茶",
    templateDelivery: input.templateDelivery ?? "success",
    platform: input.platform ?? "ios",
    phone: input.phone ?? `138001${String(38_000 + (number % 1_000)).padStart(5, "0")}`,
    isRisky: input.isRisky ?? false,
  };
  if (state.puppets.has(puppet.id)) throw new Trouble("taken", `The puppet ${puppet.id} exists already.`);
  const stored = state.puppets.add(puppet);
  state.tell({ type: "world" });
  return stored;
}

/** Changes a puppet's name, or what becomes of template messages to it. */
export function changePuppet(state: State, id: string, changes: PuppetChanges): StoredPuppet {
  const puppet = state.puppet(id);
  if (changes.name !== undefined) puppet.name = changes.name;
  if (changes.templateDelivery !== undefined) puppet.templateDelivery = changes.templateDelivery;
  if (changes.platform !== undefined) puppet.platform = changes.platform;
  if (changes.phone !== undefined) puppet.phone = changes.phone;
  if (changes.isRisky !== undefined) puppet.isRisky = changes.isRisky;
  state.tell({ type: "world" });
  return puppet;
}

/** The puppet finds the account by its name and follows it. */
export function follow(state: State, puppetId: string, action: FollowAction): PushWork {
  const account = chooseAccount(state, action.appid);
  const bond = state.bond(account, state.puppet(puppetId));
  if (account.kind === "miniprogram") throw new Trouble("invalid_request", "Nobody follows a mini-program.");
  if (bond.following) throw new Trouble("already_following", "The puppet follows this account already.");
  return beginFollowing(state, account, bond, null);
}

/** The puppet stops following: the account may no longer write. */
export function unfollow(state: State, puppetId: string, action: FollowAction): PushWork {
  const account = chooseAccount(state, action.appid);
  const bond = followingBond(state, account, puppetId);
  bond.following = false;
  bond.credit = { left: 0, until: 0 };
  addChat(state, bond, "system", { kind: "note", note: "unfollowed", text: "" });
  state.tell({ type: "world" });
  return sendEvent(state, account, bond, "unsubscribe", [{ name: "EventKey", text: "" }], false);
}

/** The puppet scans a code: a follower's scan is a SCAN event, anybody else follows by it. */
export function scan(state: State, puppetId: string, action: ScanAction): PushWork {
  const puppet = state.puppet(puppetId);
  const code = findCode(state, action.code);
  if (code.expiresAt !== null && code.expiresAt <= state.now()) {
    throw new Trouble("code_expired", "The QR code has expired; a phone says so and nothing is pushed.");
  }
  const account = state.account(code.appid);
  const bond = state.bond(account, puppet);
  if (!bond.following) return beginFollowing(state, account, bond, code);
  grant(state, bond, "scan");
  addChat(state, bond, "puppet", { kind: "note", note: "scanned", text: code.scene });
  const key = [
    { name: "EventKey", text: code.scene },
    { name: "Ticket", text: code.ticket },
  ];
  return sendEvent(state, account, bond, "SCAN", key, true);
}

/** The puppet writes a text. */
export function say(state: State, puppetId: string, action: SayAction): PushWork {
  const account = chooseAccount(state, action.appid);
  const bond = followingBond(state, account, puppetId);
  addChat(state, bond, "puppet", { kind: "text", text: action.text });
  const fields: Field[] = [{ name: "Content", text: action.text }];
  if (action.choice !== undefined) fields.push({ name: "bizmsgmenuid", text: action.choice });
  return sendMessage(state, account, bond, "text", fields);
}

/** The puppet sends a picture; PicUrl is an address of the emulator. */
export function sendImage(state: State, puppetId: string, action: SendImageAction): PushWork {
  const account = chooseAccount(state, action.appid);
  const bond = followingBond(state, account, puppetId);
  return sendPicture(state, account, bond, pictureBytes(state, action));
}

/** What a puppet photographs: the given picture, or one that the emulator draws. */
export function pictureBytes(state: State, { base64 }: Pick<SendImageAction, "base64">): Buffer {
  return base64 === undefined ? drawPicture(state.count("drawing")) : Buffer.from(base64, "base64");
}

/** A picture message. */
export function sendPicture(state: State, account: Account, bond: Bond, bytes: Buffer): PushWork {
  const contentType = pictureType(bytes);
  if (contentType === null) throw new Trouble("invalid_request", "The picture is neither a PNG nor a JPEG.");
  const id = state.nextId("picture");
  const picture = { id, appid: account.appid, at: state.now(), mediaId: state.random.letters(64), contentType, bytes };
  state.pictures.set(picture.id, picture);
  const url = `${state.url()}/emulator/pictures/${picture.id}`;
  addChat(state, bond, "puppet", { kind: "picture", url, mediaId: picture.mediaId });
  return sendMessage(state, account, bond, "image", [
    { name: "PicUrl", text: url },
    { name: "MediaId", text: picture.mediaId },
  ]);
}

/** The puppet shares a place. */
export function sendLocation(state: State, puppetId: string, action: SendLocationAction): PushWork {
  const account = chooseAccount(state, action.appid);
  const bond = followingBond(state, account, puppetId);
  return sendPlace(state, account, bond, action);
}

/** A message that shares a place. */
export function sendPlace(
  state: State,
  account: Account,
  bond: Bond,
  { latitude, longitude, label = "", scale = 16 }: Omit<SendLocationAction, "appid" | "wait">,
): PushWork {
  addChat(state, bond, "puppet", { kind: "location", latitude, longitude, label, scale });
  return sendMessage(state, account, bond, "location", [
    { name: "Location_X", number: latitude.toFixed(6) },
    { name: "Location_Y", number: longitude.toFixed(6) },
    { name: "Scale", number: String(scale) },
    { name: "Label", text: label },
  ]);
}

function beginFollowing(state: State, account: Account, bond: Bond, code: QrCode | null): PushWork {
  const isNumber = code?.action === "QR_SCENE" || code?.action === "QR_LIMIT_SCENE";
  bond.following = true;
  bond.followedAt = state.now();
  bond.subscribeScene = code === null ? "ADD_SCENE_SEARCH" : "ADD_SCENE_QR_CODE";
  bond.qrScene = code !== null && isNumber ? Number(code.scene) : 0;
  bond.qrSceneText = code !== null && !isNumber ? code.scene : "";
  grant(state, bond, "follow");
  addChat(state, bond, "system", { kind: "note", note: "followed", text: code?.scene ?? "" });
  state.tell({ type: "world" });
  const fields: Field[] = [{ name: "EventKey", text: code === null ? "" : `qrscene_${code.scene}` }];
  if (code !== null) fields.push({ name: "Ticket", text: code.ticket });
  return sendEvent(state, account, bond, "subscribe", fields, true);
}

export function followingBond(state: State, account: Account, puppetId: string): Bond {
  const bond = state.bond(account, state.puppet(puppetId));
  // A mini-program is talked to from its pages: nobody follows it.
  if (account.kind === "miniprogram") return bond;
  if (!bond.following) throw new Trouble("not_following", "The puppet doesn't follow this account: no chat to act in.");
  return bond;
}

function findCode(state: State, text: string): QrCode {
  const wanted = text.trim();
  const ticket = URL.canParse(wanted) ? new URL(wanted).searchParams.get("ticket") : null;
  const byTicket = state.qrCodes.get(ticket ?? wanted);
  if (byTicket !== undefined) return byTicket;
  for (const code of state.qrCodes.values()) if (code.url === wanted) return code;
  throw new Trouble("no_such_code", "No account made this QR code.");
}

/** An action of the user lets the account write for a while: the larger number and the later end hold. */
export function grant(state: State, bond: Bond, action: "message" | "click" | "follow" | "scan" | "enter"): void {
  const now = state.now();
  const left = bond.credit.until > now ? bond.credit.left : 0;
  const seconds = state.rules.number(customMessageRules[`${action}Seconds`]);
  const until = Math.max(bond.credit.until, now + seconds * 1000);
  bond.credit = { left: Math.max(left, state.rules.number(customMessageRules[`${action}Count`])), until };
}

export function sendMessage(state: State, account: Account, bond: Bond, type: string, fields: Field[]): PushWork {
  if (isUnheard(state, bond))
    return unheard(state, { account, bond, what: type, problem: "the user is on the account's black list" });
  grant(state, bond, "message");
  const stored = state.bond(account, state.puppet(bond.puppetId));
  if (passToStaff(state, account, stored))
    return unheard(state, { account, bond, what: type, problem: "staff serve this customer: they read it, no server" });
  const id: Field = { name: "MsgId", number: state.nextMessageId() };
  const all = [...heads(state, account, bond, type), ...fields, id];
  const toStaff = (wanted: string | null): void => handOver(state, account, bond.openid, wanted);
  return push(state, { account, bond, what: type, fields: all, isEvent: false, conversation: true, toStaff });
}

/** What somebody on the black list writes reaches nobody (a switch). */
function isUnheard(state: State, { isBlocked }: Bond): boolean {
  return isBlocked && state.rules.position(userRules.blocked) === "unheard";
}
