import { z } from "zod";
import { shaped } from "./client.ts";
import type { WechatClient } from "./client.ts";
import type { AccessToken } from "./tokens.ts";
import { exchange, WechatError } from "./transport.ts";
import type { CallLog } from "./transport.ts";

/**
 * The official account's interfaces that we use, one function each. Sources: developers.weixin.qq.com, service account
 * API, the page named at each, read 2026-11.
 */
const Done = z.object({}).transform(() => undefined);
/** 64-bit ids come as numbers; the transport keeps the unsafe ones as texts. */
const LongId = z.union([z.number(), z.string()]).transform(String);

export interface StableTokenRequest {
  readonly apiUrl: string;
  readonly appId: string;
  readonly secret: string;
  readonly force: boolean;
  readonly fetch?: typeof globalThis.fetch;
  /** Default 10 s. */
  readonly timeoutMs?: number;
  readonly now: () => Date;
  readonly log?: ((entry: CallLog) => void) | undefined;
}

/** api_getstableaccesstoken. Expiry counts from before the request, so that it is never later than WeChat's. */
export async function getStableToken(request: StableTokenRequest): Promise<AccessToken> {
  const path = "/cgi-bin/stable_token";
  const askedAt = request.now();
  const answer = await exchange({
    apiUrl: request.apiUrl,
    fetch: request.fetch ?? globalThis.fetch,
    timeoutMs: request.timeoutMs ?? 10_000,
    method: "POST",
    path,
    query: {},
    body: {
      grant_type: "client_credential",
      appid: request.appId,
      secret: request.secret,
      force_refresh: request.force,
    },
    secrets: [request.secret],
    log: request.log,
  });
  const StableToken = z.object({ access_token: z.string().min(1), expires_in: z.number().int().positive() });
  const token = shaped(path, StableToken, answer);
  return { value: token.access_token, expiresAt: new Date(askedAt.getTime() + token.expires_in * 1_000) };
}

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

/** api_userinfo. Name and picture have been empty since 2021, so they aren't here. */
export function userInfo(client: WechatClient, openid: string): Promise<UserInfo> {
  return client.call({ method: "GET", path: "/cgi-bin/user/info", query: { openid, lang: "zh_CN" }, reply: UserInfo });
}

/** api_createqrcode: lasting codes are at most 100,000 an account; a temporary one lives 30 days at most. */
export const qrCodeLimits = {
  expireSeconds: 2_592_000,
  lastingSceneId: 100_000,
  temporarySceneId: 4_294_967_295,
  sceneTextLength: 64,
} as const;

/** Temporary with a number or a text, lasting with a number or a text. */
export type QrCodeOrder =
  | { readonly kind: "QR_SCENE"; readonly sceneId: number; readonly expireSeconds: number }
  | { readonly kind: "QR_STR_SCENE"; readonly sceneText: string; readonly expireSeconds: number }
  | { readonly kind: "QR_LIMIT_SCENE"; readonly sceneId: number }
  | { readonly kind: "QR_LIMIT_STR_SCENE"; readonly sceneText: string };

const QrCode = z
  .object({ ticket: z.string().min(1), url: z.string(), expire_seconds: z.number().optional() })
  .transform(({ ticket, url, expire_seconds }) => ({ ticket, url, expireSeconds: expire_seconds }));
export type QrCode = z.output<typeof QrCode>;

/** api_createqrcode. `url` is what the code holds. Throws RangeError when the order is outside `qrCodeLimits`. */
export async function createQrCode(client: WechatClient, order: QrCodeOrder): Promise<QrCode> {
  assertWithinLimits(order);
  const scene = "sceneId" in order ? { scene_id: order.sceneId } : { scene_str: order.sceneText };
  const expiry = "expireSeconds" in order ? { expire_seconds: order.expireSeconds } : {};
  return client.call({
    method: "POST",
    path: "/cgi-bin/qrcode/create",
    body: { ...expiry, action_name: order.kind, action_info: { scene } },
    reply: QrCode,
    // A lasting code made twice uses the account's allowance twice.
    write: true,
  });
}

function assertWithinLimits(order: QrCodeOrder): void {
  if ("expireSeconds" in order) assertBetween("expireSeconds", order.expireSeconds, qrCodeLimits.expireSeconds);
  if (order.kind === "QR_SCENE") assertBetween("sceneId", order.sceneId, qrCodeLimits.temporarySceneId);
  if (order.kind === "QR_LIMIT_SCENE") assertBetween("sceneId", order.sceneId, qrCodeLimits.lastingSceneId);
  if ("sceneText" in order) assertBetween("sceneText's length", order.sceneText.length, qrCodeLimits.sceneTextLength);
}

function assertBetween(name: string, value: number, largest: number): void {
  if (!Number.isInteger(value) || value < 1 || value > largest) throw new RangeError(`${name} must be 1 to ${largest}`);
}

/** Where the picture of a code is, for anybody, without a token. `mpUrl`: `wechatHosts.mp` or a stand-in. */
export function showQrCodeUrl(mpUrl: string, ticket: string): string {
  return `${mpUrl.replace(/\/$/, "")}/cgi-bin/showqrcode?ticket=${encodeURIComponent(ticket)}`;
}

/**
 * What an account may write to somebody by itself. A message of theirs allows five within 48 hours, and the next one
 * allows five anew (45015, 45047). Source: the platform's announcement of 2023-05-30, in force since 2023-06-12, as
 * quoted at docs.chatalog.ai.
 */
export const customMessageLimits = { windowSeconds: 48 * 3_600, perMessage: 5 } as const;

/** api_sendcustommessage (custom/send): a text to somebody who was in touch lately. Not idempotent. */
export async function sendCustomText(client: WechatClient, message: { openid: string; text: string }): Promise<void> {
  await client.call({
    method: "POST",
    path: "/cgi-bin/message/custom/send",
    body: { touser: message.openid, msgtype: "text", text: { content: message.text } },
    reply: Done,
    write: true,
  });
}

export interface TemplateMessage {
  readonly openid: string;
  readonly templateId: string;
  /** The template's fields by name. */
  readonly data: Readonly<Record<string, string>>;
  readonly url?: string | undefined;
  /** Where given, it is opened rather than `url`. */
  readonly miniProgram?: { readonly appId: string; readonly pagePath: string } | undefined;
  /** One message for each openid and id, for ten minutes; then no longer assured. */
  readonly clientMsgId?: string | undefined;
}

/** api_sendtemplatemessage. `msgId` comes back in the TEMPLATESENDJOBFINISH event. */
export function sendTemplate(client: WechatClient, message: TemplateMessage): Promise<{ msgId: string }> {
  const { openid, templateId, data, url, miniProgram, clientMsgId } = message;
  return client.call({
    method: "POST",
    path: "/cgi-bin/message/template/send",
    body: {
      touser: openid,
      template_id: templateId,
      url,
      miniprogram: miniProgram && { appid: miniProgram.appId, pagepath: miniProgram.pagePath },
      client_msg_id: clientMsgId,
      data: Object.fromEntries(Object.entries(data).map(([name, value]) => [name, { value }])),
    },
    reply: z.object({ msgid: LongId }).transform(({ msgid }) => ({ msgId: msgid })),
    write: true,
  });
}

const leafButtonTypes = ["click", "view", "miniprogram", "scancode_push", "scancode_waitmsg", "pic_sysphoto"] as const;
const moreButtonTypes = ["pic_photo_or_album", "pic_weixin", "location_select", "media_id", "article_id"] as const;
const LeafButton = z.looseObject({
  // WeChat may add kinds, and getMenu must still read them.
  type: z.union([z.enum([...leafButtonTypes, ...moreButtonTypes]), z.string()]),
  name: z.string(),
  key: z.string().optional(),
  url: z.string().optional(),
  appid: z.string().optional(),
  pagepath: z.string().optional(),
  media_id: z.string().optional(),
  article_id: z.string().optional(),
});
const MenuButton = z.union([
  z.object({ name: z.string(), sub_button: z.array(LeafButton).min(1) }),
  LeafButton.extend({ sub_button: z.array(LeafButton).max(0).optional() }),
]);
/** A button in WeChat's own field names: either a leaf with a type, or a name with `sub_button`. */
export type MenuButton = z.input<typeof MenuButton>;

/** api_createcustommenu: three buttons, five below each. */
export const menuLimits = { buttons: 3, subButtons: 5 } as const;

/**
 * api_createcustommenu: replaces the whole menu, so repeating it does no harm. Throws RangeError outside `menuLimits`.
 */
export async function createMenu(client: WechatClient, buttons: readonly MenuButton[]): Promise<void> {
  assertBetween("the number of buttons", buttons.length, menuLimits.buttons);
  for (const { sub_button } of buttons) {
    // A leaf read back from WeChat carries an empty list.
    if (sub_button?.length) assertBetween("the number of sub-buttons", sub_button.length, menuLimits.subButtons);
  }
  await client.call({ method: "POST", path: "/cgi-bin/menu/create", body: { button: buttons }, reply: Done });
}

/** api_getcustommenu. Null when there is none (46003). */
export async function getMenu(client: WechatClient): Promise<MenuButton[] | null> {
  const Menu = z.object({ menu: z.object({ button: z.array(MenuButton) }) });
  try {
    const { menu } = await client.call({ method: "GET", path: "/cgi-bin/menu/get", reply: Menu });
    return menu.button;
  } catch (error) {
    if (error instanceof WechatError && error.errcode === 46003) return null;
    throw error;
  }
}

/** api_deletecustommenu: deletes the conditional menus too. */
export async function deleteMenu(client: WechatClient): Promise<void> {
  await client.call({ method: "GET", path: "/cgi-bin/menu/delete", reply: Done });
}
