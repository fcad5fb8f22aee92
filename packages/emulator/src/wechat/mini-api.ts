import { createHmac } from "node:crypto";
import { z } from "zod";
import type { Account } from "../world/model.ts";
import { accountOf, bondOf, json, objectOf, okAnswer, textOf } from "./answers.ts";
import { accountBySecret } from "./checks.ts";
import { drawCode } from "./draw-code.ts";
import { Refusal } from "./errcodes.ts";
import { miniRules } from "./limits.ts";
import type { ApiAnswer, ApiCall, ApiRoute } from "./route.ts";

const common = { access: "token", right: "miniProgram" } as const;
const EnvVersion = z.string().optional();
const codePage = "miniprogram/dev/OpenApiDoc/qrcode-link/qr-code/getUnlimitedQRCode";

/** Who uses a mini-program, its codes, and the links that open it. */
export const miniRoutes: readonly ApiRoute[] = [
  {
    method: "GET",
    path: "/sns/jscode2session",
    says: "Changes a code of wx.login for the user's openid and session key.",
    page: "miniprogram/dev/OpenApiDoc/user-login/code2Session",
    access: "open",
    rules: [miniRules.codeSeconds, miniRules.loginsPerMinute],
    errcodes: [40002, 40013, 40029, 40125, 40163, 40226, 41002, 41004, 41008],
    handle(state, { query }) {
      const account = accountBySecret(state, query);
      if (account.kind !== "miniprogram") throw new Refusal(40013);
      if (query["grant_type"] !== "authorization_code") throw new Refusal(40002);
      const code = query["js_code"] ?? "";
      if (code === "") throw new Refusal(41008);
      const taken = state.miniCodes.take({ code, kind: "login", appid: account.appid });
      if (typeof taken === "string") throw new Refusal(taken === "used" ? 40163 : 40029);
      const bond = bondOf(state, account, taken.openid);
      if (state.puppet(bond.puppetId).isRisky) throw new Refusal(40226);
      state.rules.within(miniRules.loginsPerMinute, state.quotas.countOfMinute(`${bond.openid} login`));
      bond.sessionKey = state.random.bytes(16).toString("base64");
      state.tell({ type: "world" });
      const unionid = bond.unionid === null ? {} : { unionid: bond.unionid };
      return json({ session_key: bond.sessionKey, openid: bond.openid, ...unionid });
    },
  },
  {
    ...common,
    method: "GET",
    path: "/wxa/checksession",
    says: "Tells whether a session key is the user's present one, by a signature made with it.",
    page: "miniprogram/dev/OpenApiDoc/user-login/checkSessionKey",
    errcodes: [40003, 49003, 87009],
    handle(state, call) {
      const { openid = "", signature = "", sig_method: method } = call.query;
      const bond = bondOf(state, accountOf(call), openid);
      const own = createHmac("sha256", bond.sessionKey ?? "").digest("hex");
      if (bond.sessionKey === null || method !== "hmac_sha256" || signature !== own) throw new Refusal(87009);
      return okAnswer;
    },
  },
  {
    ...common,
    method: "POST",
    path: "/wxa/business/getuserphonenumber",
    says: "Changes the code of a phone number's button for the number.",
    page: "miniprogram/dev/OpenApiDoc/user-info/phone-number/getPhoneNumber",
    body: z.strictObject({ code: z.string(), openid: z.string().optional() }),
    rules: [miniRules.codeSeconds],
    errcodes: [40029],
    handle(state, call) {
      const account = accountOf(call);
      const code = textOf(call.body, "code") ?? "";
      const taken = state.miniCodes.take({ code, kind: "phone", appid: account.appid });
      // Used and unknown are told alike here.
      if (typeof taken === "string") throw new Refusal(40029);
      const { phone } = state.puppet(bondOf(state, account, taken.openid).puppetId);
      return json({
        errcode: 0,
        errmsg: "ok",
        phone_info: {
          phoneNumber: phone,
          purePhoneNumber: phone,
          countryCode: "86",
          watermark: { timestamp: Math.floor(state.now() / 1000), appid: account.appid },
        },
      });
    },
  },
  {
    ...common,
    method: "POST",
    path: "/wxa/getwxacodeunlimit",
    says: "Draws a code that opens a page with a scene; as many as one likes.",
    page: codePage,
    perMinute: 5_000,
    body: z.looseObject({ scene: z.string(), page: z.string().optional(), env_version: EnvVersion }),
    rules: [miniRules.sceneCharacters],
    errcodes: [40169, 41030],
    handle(state, call) {
      const scene = textOf(call.body, "scene") ?? "";
      state.rules.within(miniRules.sceneCharacters, scene.length);
      if (!/^[\w!#$&'()*+,/:;=?@.~-]+$/.test(scene)) throw new Refusal(40169);
      const page = checkedPage(call.body, "page");
      return picture(accountOf(call), `${page}?scene=${encodeURIComponent(scene)}`);
    },
  },
  ...(["/wxa/getwxacode", "/cgi-bin/wxaapp/createwxaqrcode"] as const).map((path): ApiRoute => ({
    ...common,
    method: "POST",
    path,
    says: "Draws a code that opens a path; a hundred thousand of both kinds.",
    page: codePage,
    body: z.looseObject({ path: z.string() }),
    rules: [miniRules.pathBytes, miniRules.codes],
    errcodes: [41030],
    handle(state, call) {
      const given = textOf(call.body, "path") ?? "";
      state.rules.within(miniRules.pathBytes, Buffer.byteLength(given));
      const account = accountOf(call);
      checkedPage(call.body, "path");
      state.rules.within(miniRules.codes, state.count(`${account.appid} code`));
      return picture(account, given);
    },
  })),
  link(
    "/wxa/generatescheme",
    "openlink",
    "weixin://dl/business/?t=",
    "miniprogram/dev/OpenApiDoc/qrcode-link/url-scheme/generateScheme",
  ),
  link(
    "/wxa/generate_urllink",
    "url_link",
    "https://wxaurl.cn/",
    "miniprogram/dev/OpenApiDoc/qrcode-link/url-link/generateUrlLink",
  ),
];

function link(path: string, answer: string, head: string, page: string): ApiRoute {
  return {
    ...common,
    method: "POST",
    path,
    says: "Makes a link that opens a page, thirty days at most.",
    page,
    perDay: 500_000,
    body: z.looseObject({
      jump_wxa: z.looseObject({}).optional(),
      path: z.string().optional(),
      query: z.string().optional(),
      expire_type: z.number().optional(),
      expire_interval: z.number().optional(),
      expire_time: z.number().optional(),
    }),
    quota: "links that open a page",
    rules: [miniRules.linkDays, miniRules.linkSeconds],
    errcodes: [40165, 85401],
    handle(state, call) {
      const target = objectOf(call.body, "jump_wxa") ?? call.body;
      if (/^https?:/.test(textOf(target, "path") ?? "")) throw new Refusal(40165);
      const { expire_type: type = 0, expire_interval: days = 0, expire_time: time = 0 } = call.body;
      // Without a time of its own a link lives as long as it may.
      if (type === 1) state.rules.within(miniRules.linkDays, Number(days));
      else if (Number(time) > 0)
        state.rules.within(miniRules.linkSeconds, Math.ceil(Number(time) - state.now() / 1000));
      return json({ errcode: 0, errmsg: "ok", [answer]: `${head}${state.random.letters(11)}` });
    },
  };
}

/** A page is written without a leading slash. @throws Refusal 41030 */
function checkedPage(body: ApiCall["body"], name: string): string {
  const page = textOf(body, name) ?? "";
  if (page.startsWith("/")) throw new Refusal(41030);
  return page;
}

function picture({ appid }: Account, path: string): ApiAnswer {
  return { bytes: drawCode(`https://mp.weixin.qq.com/a/~~${appid}~~/${path}`), contentType: "image/jpeg" };
}
