import { createHmac } from "node:crypto";
import { z } from "zod";
import { assertBetween, atMostOnce, Done, get, idempotent, post, read, ReceivedFile } from "../call.ts";

/** Who uses a mini-program, its codes, and the links that open it. */
const codePage = "miniprogram/dev/OpenApiDoc/qrcode-link/qr-code/getUnlimitedQRCode";

/** Characters of a code's scene, bytes of a code's path, days that a link lives. */
export const miniProgramLimits = { sceneCharacters: 32, pathBytes: 1_024, linkDays: 30 } as const;

/** A code of wx.login works once, for five minutes (40163, 40029). */
export const sessionOfCode = get("/sns/jscode2session", {
  page: "miniprogram/dev/OpenApiDoc/user-login/code2Session",
  effect: atMostOnce,
  access: "open",
  request: ({ appId, secret, code }: { appId: string; secret: string; code: string }) => ({
    query: { appid: appId, secret, js_code: code, grant_type: "authorization_code" },
  }),
  reply: z
    .object({ openid: z.string().min(1), session_key: z.string().min(1), unionid: z.string().optional() })
    .transform(({ openid, session_key, unionid }) => ({
      openid,
      sessionKey: session_key,
      unionid: unionid || undefined,
    })),
});

/** Whether a session key is the user's present one; refused with 87009 if not. */
export const checkSession = get("/wxa/checksession", {
  page: "miniprogram/dev/OpenApiDoc/user-login/checkSessionKey",
  effect: read,
  request: ({ openid, sessionKey }: { openid: string; sessionKey: string }) => ({
    query: {
      openid,
      signature: createHmac("sha256", sessionKey).update("").digest("hex"),
      sig_method: "hmac_sha256",
    },
  }),
  reply: Done,
});

/** The number behind the code of a phone number's button. A code works once. */
export const phoneOfCode = post("/wxa/business/getuserphonenumber", {
  page: "miniprogram/dev/OpenApiDoc/user-info/phone-number/getPhoneNumber",
  effect: atMostOnce,
  request: ({ code }: { code: string }) => ({ body: { code } }),
  reply: z
    .object({
      phone_info: z.object({ phoneNumber: z.string(), purePhoneNumber: z.string(), countryCode: z.string() }),
    })
    .transform(({ phone_info }) => ({ number: phone_info.purePhoneNumber, countryCode: phone_info.countryCode })),
});

export type MiniProgramVersion = "release" | "trial" | "develop";

/** A code that opens a page with a scene; as many as one likes. `page` without a leading slash. */
export const drawSceneCode = post("/wxa/getwxacodeunlimit", {
  page: codePage,
  // It only draws.
  effect: read,
  request({ scene, page, version }: { scene: string; page?: string | undefined; version?: MiniProgramVersion }) {
    assertBetween("the scene's characters", scene.length, 1, miniProgramLimits.sceneCharacters);
    return { body: { scene, page, env_version: version, check_path: false } };
  },
  reply: ReceivedFile,
});

const pathRequest = ({ path }: { path: string }) => {
  assertBetween("the path's bytes", Buffer.byteLength(path), 1, miniProgramLimits.pathBytes);
  return { body: { path } };
};

/** A code that opens a path. An account has 100,000 of these and of `drawPathQrCode` together, for good. */
export const drawPathCode = post("/wxa/getwxacode", {
  page: codePage,
  effect: atMostOnce,
  request: pathRequest,
  reply: ReceivedFile,
});

export const drawPathQrCode = post("/cgi-bin/wxaapp/createwxaqrcode", {
  page: codePage,
  effect: atMostOnce,
  request: pathRequest,
  reply: ReceivedFile,
});

interface LinkTarget {
  readonly path: string;
  readonly query?: string | undefined;
  readonly days: number;
  readonly version?: MiniProgramVersion | undefined;
}

function expiryOf(days: number): object {
  assertBetween("days", days, 1, miniProgramLimits.linkDays);
  return { is_expire: true, expire_type: 1, expire_interval: days };
}

/** `weixin://…`, for pages outside WeChat. Half a million a day together with `urlLink`. */
export const urlScheme = post("/wxa/generatescheme", {
  page: "miniprogram/dev/OpenApiDoc/qrcode-link/url-scheme/generateScheme",
  // Another link to the page does no harm.
  effect: idempotent(),
  request: ({ path, query = "", days, version }: LinkTarget) => ({
    body: { jump_wxa: { path, query, env_version: version }, ...expiryOf(days) },
  }),
  reply: z.object({ openlink: z.string() }).transform(({ openlink }) => ({ url: openlink })),
});

/** `https://wxaurl.cn/…`, for messages and mail. */
export const urlLink = post("/wxa/generate_urllink", {
  page: "miniprogram/dev/OpenApiDoc/qrcode-link/url-link/generateUrlLink",
  effect: idempotent(),
  request: ({ path, query = "", days, version }: LinkTarget) => ({
    body: { path, query, env_version: version, ...expiryOf(days) },
  }),
  reply: z.object({ url_link: z.string() }).transform(({ url_link }) => ({ url: url_link })),
});
