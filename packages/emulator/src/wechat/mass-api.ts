import { createHash } from "node:crypto";
import { z } from "zod";
import { deliverMass, previewMass } from "../world/mass.ts";
import type { Account, Bond, MassSend } from "../world/model.ts";
import type { State } from "../world/state.ts";
import { accountOf, bondOf, json, numberOf, objectOf, okAnswer, textOf } from "./answers.ts";
import { massContent } from "./contents.ts";
import { type KnownErrcode, Refusal } from "./errcodes.ts";
import { contentRules, massRules } from "./limits.ts";
import type { ApiAnswer, ApiCall, ApiRoute } from "./route.ts";
import { existingTag } from "./tags-api.ts";

const page = "doc/service/api/notify/message/api_masssend";
const common = { page, access: "token" } as const;
const Media = z.strictObject({ media_id: z.string() });
const contents = {
  msgtype: z.string(),
  text: z.strictObject({ content: z.string() }).optional(),
  image: Media.optional(),
  images: z
    .strictObject({
      media_ids: z.array(z.string()),
      recommend: z.string().optional(),
      need_open_comment: z.number().optional(),
      only_fans_can_comment: z.number().optional(),
    })
    .optional(),
  voice: Media.optional(),
  mpvideo: z.looseObject({ media_id: z.string() }).optional(),
  mpnews: Media.optional(),
  wxcard: z.strictObject({ card_id: z.string() }).optional(),
  send_ignore_reprint: z.union([z.number(), z.string()]).optional(),
  clientmsgid: z.string().optional(),
};
const sendRules = [
  massRules.clientIdBytes,
  massRules.clientIdSeconds,
  massRules.clientIdRetrySeconds,
  massRules.perMonth,
  massRules.subscriptionPerDay,
  massRules.serviceDay,
  massRules.video,
  contentRules.textBytes,
];
const sendErrcodes: readonly KnownErrcode[] = [40007, 40008, 40073, 45028, 45065, 45066];

/** Mass sending, its preview, and what became of it. */
export const massRoutes: readonly ApiRoute[] = [
  {
    ...common,
    method: "POST",
    path: "/cgi-bin/message/mass/sendall",
    says: "Sends to all followers, or to those with a tag; MASSSENDJOBFINISH tells how many got it.",
    right: "mass",
    perDay: 100,
    perMinute: 60,
    body: z.strictObject({
      filter: z.strictObject({ is_to_all: z.boolean().optional(), tag_id: z.number().optional() }),
      ...contents,
    }),
    rules: sendRules,
    errcodes: [...sendErrcodes, 45159],
    handle(state, call) {
      const account = accountOf(call);
      const filter = objectOf(call.body, "filter") ?? {};
      const tagId = filter["is_to_all"] === true ? null : numberOf(filter, "tag_id");
      if (filter["is_to_all"] !== true) existingTag(account, tagId);
      const bonds = tagId === null ? state.bonds.of(account).followers() : state.withTag(account, tagId);
      return submit(state, account, call, bonds);
    },
  },
  {
    ...common,
    method: "POST",
    path: "/cgi-bin/message/mass/send",
    says: "Sends to two to ten thousand openids.",
    right: "massByOpenid",
    perDay: 100,
    perMinute: 60,
    body: z.strictObject({ touser: z.array(z.string()), ...contents }),
    rules: [...sendRules, massRules.openids],
    errcodes: sendErrcodes,
    handle(state, call) {
      const account = accountOf(call);
      const given = Array.isArray(call.body["touser"]) ? (call.body["touser"] as unknown[]) : [];
      const openids = [...new Set(given)];
      state.rules.within(massRules.openids, openids.length);
      // Recalled: whoever isn't a follower counts as an error afterwards, and refuses nothing.
      const bonds = openids.map((openid) => state.bondByOpenid(account.appid, String(openid)) ?? null);
      return submit(state, account, call, bonds);
    },
  },
  {
    ...common,
    method: "POST",
    path: "/cgi-bin/message/mass/preview",
    says: "Shows one user what would be sent.",
    right: "mass",
    perDay: 100,
    body: z.strictObject({ touser: z.string().optional(), towxname: z.string().optional(), ...contents }),
    rules: [massRules.video, contentRules.textBytes],
    errcodes: [40003, 40007, 40008, 40073, 49003],
    handle(state, call) {
      const account = accountOf(call);
      const name = textOf(call.body, "towxname");
      const named = name === null ? undefined : state.puppets.get(name);
      const bond =
        named === undefined ? bondOf(state, account, textOf(call.body, "touser") ?? "") : state.bond(account, named);
      previewMass(state, bond, massContent(state, account, call.body));
      return json({ errcode: 0, errmsg: "preview success", msg_id: Number(state.nextMassId()) });
    },
  },
  {
    ...common,
    method: "POST",
    path: "/cgi-bin/message/mass/get",
    says: "Tells how a mass sending stands.",
    right: "mass",
    body: z.strictObject({ msg_id: z.union([z.number(), z.string()]) }),
    errcodes: [40059],
    handle(_state, call) {
      const sent = sentOf(accountOf(call), call);
      return json({ msg_id: Number(sent.msgId), msg_status: sent.status });
    },
  },
  {
    ...common,
    method: "POST",
    path: "/cgi-bin/message/mass/delete",
    says: "Takes down a mass sending of news or video: the card stays, what it opens is gone.",
    right: "mass",
    perDay: 10,
    body: z.strictObject({
      msg_id: z.union([z.number(), z.string()]).optional(),
      article_idx: z.number().optional(),
      url: z.string().optional(),
    }),
    errcodes: [40059],
    handle(state, call) {
      const account = accountOf(call);
      const url = textOf(call.body, "url");
      const sent = url === null ? sentOf(account, call) : account.massSends.find(({ urls }) => urls.includes(url));
      // A text that was sent stays where it is.
      if (sent === undefined || sent.kind === "other") throw new Refusal(40059);
      sent.status = "DELETE";
      state.tell({ type: "world" });
      return okAnswer;
    },
  },
  {
    ...common,
    method: "POST",
    path: "/cgi-bin/message/mass/speed/get",
    says: "Tells how fast mass sending goes.",
    right: "mass",
    handle: (_state, call) => json(speedOf(accountOf(call))),
  },
  {
    ...common,
    method: "POST",
    path: "/cgi-bin/message/mass/speed/set",
    says: "Sets how fast mass sending goes, 0 the fastest, 4 the slowest.",
    right: "mass",
    body: z.strictObject({ speed: z.number() }),
    errcodes: [45083],
    handle(state, call) {
      const speed = numberOf(call.body, "speed");
      if (speed === null || speed < 0 || speed > 4) throw new Refusal(45083);
      accountOf(call).massSpeed = speed;
      state.tell({ type: "world" });
      return okAnswer;
    },
  },
];

/** Takes a job: what is wrong with it is said now, who got it is pushed afterwards. */
function submit(state: State, account: Account, call: ApiCall, bonds: readonly (Bond | null)[]): ApiAnswer {
  const content = massContent(state, account, call.body);
  const clientId = textOf(call.body, "clientmsgid");
  const key = clientId ?? digestOf(call.body);
  checkClientId(state, account, key, clientId);
  checkQuota(state, account);
  const sent: MassSend = {
    msgId: state.nextMassId(),
    dataId: String(2_650_000_000 + state.count("mass data")),
    at: state.now(),
    clientId: key,
    status: "SENDING",
    kind: content.kind === "news" ? "news" : content.kind === "media" && content.type === "video" ? "video" : "other",
    urls: content.kind === "news" ? content.articles.map(({ url }) => url) : [],
  };
  account.massSends.push(sent);
  if (content.kind === "news") leaveDrafts(state, account, call.body);
  deliverMass(state, account, sent, { content, bonds });
  const dataId = sent.kind === "news" ? { msg_data_id: Number(sent.dataId) } : {};
  return json({ errcode: 0, errmsg: "send job submission success", msg_id: Number(sent.msgId), ...dataId });
}

/** Without a clientmsgid of the caller's, to whom and what stand for it: the same again is sent once. */
function digestOf(body: ApiCall["body"]): string {
  return createHash("sha256").update(JSON.stringify(body)).digest("hex");
}

/** What was sent to many has left the drafts. */
function leaveDrafts(state: State, { appid }: Account, body: ApiCall["body"]): void {
  const draft = state.media.find(appid, textOf(objectOf(body, "mpnews") ?? {}, "media_id") ?? "");
  if (draft?.place === "draft") draft.place = "listed";
}

function checkClientId(state: State, account: Account, key: string, clientId: string | null): void {
  if (clientId !== null) state.rules.within(massRules.clientIdBytes, Buffer.byteLength(clientId));
  const before = account.massSends.findLast((each) => each.clientId === key);
  if (before === undefined) return;
  const age = (state.now() - before.at) / 1000;
  if (age < 0) return;
  if (age < state.rules.number(massRules.clientIdRetrySeconds)) throw new Refusal(45066);
  // The answer names what was sent, so that a caller who lost it can ask for it.
  if (age < state.rules.number(massRules.clientIdSeconds))
    throw new Refusal(45065, "", { msg_id: Number(before.msgId) });
}

/** A subscription account sends once a day; what a service account sends, each follower gets four times a month. */
function checkQuota(state: State, account: Account): void {
  const isLimited = account.kind === "subscription" || state.rules.position(massRules.serviceDay) === "once";
  if (!isLimited) return;
  const today = state.dayOf(state.now());
  const count = account.massSends.filter(({ at }) => state.dayOf(at) === today).length;
  if (count >= state.rules.number(massRules.subscriptionPerDay)) throw new Refusal(45028);
}

function sentOf(account: Account, call: ApiCall): MassSend {
  const wanted = String(call.body["msg_id"]);
  const sent = account.massSends.find(({ msgId }) => msgId === wanted);
  if (sent === undefined) throw new Refusal(40059);
  return sent;
}

function speedOf(account: Account): Record<string, number> {
  return { speed: account.massSpeed, realspeed: [80, 60, 45, 30, 10][account.massSpeed] ?? 80 };
}
