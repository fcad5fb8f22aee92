/*
 * WeChat's numbers, each once, with where it was read. "Recalled" marks a number or rule that we know by experience
 * but found no page for: it may differ from the real platform.
 * Pages are of developers.weixin.qq.com unless another host is named; read in 2026.
 */

/** Access tokens. Source: doc/service/api/base/api_getstableaccesstoken and …/api_getaccesstoken. */
export const tokenRules = {
  lifeSeconds: 7200,
  /** A replaced token goes on working this long. */
  overlapSeconds: 300,
  /** stable_token gives a new token in the last seconds of the old one. */
  renewBeforeSeconds: 300,
  forcedPerDay: 20,
  forcedApartSeconds: 30,
} as const;

/** Message push. Source: doc/service/guide/dev/push (5 s, three tries in all, deduplicate by MsgId). */
export const pushRules = {
  timeoutMs: 5000,
  tries: 3,
  /** Recalled: an answer with another status than 200 counts as no answer and is tried again. */
  triesAgainAfterBadStatus: true,
  /** Recalled: a longer passive reply is refused; the text part of one may have this many bytes. */
  replyTextBytes: 2048,
  /** A news reply to a message shows one article, to an event eight; further ones are dropped. Passive reply page. */
  replyArticlesToMessage: 1,
  replyArticlesToEvent: 8,
} as const;

/** QR codes with a scene. Source: doc/service/Account_Management/Generating_a_Parametric_QR_Code. */
export const qrRules = {
  maxExpireSeconds: 2_592_000,
  defaultExpireSeconds: 60,
  maxTemporaryId: 4_294_967_295,
  maxPermanentId: 100_000,
  maxSceneLength: 64,
} as const;

/**
 * What lets an account send customer-service messages: how many, for how long. Source: the platform's announcement of
 * 2023-05-30, in force since 2023-06-12 (quoted at cul.022net.com/hangye/2023/0530/88854 and docs.chatalog.ai).
 * Grants don't add up: the larger number and the later end hold (doc/miniprogram … customer-message/send).
 */
export const customMessageRules = {
  message: { count: 5, seconds: 48 * 3600 },
  click: { count: 3, seconds: 60 },
  follow: { count: 3, seconds: 60 },
  scan: { count: 3, seconds: 60 },
  /** Recalled. */
  textBytes: 2048,
} as const;

/**
 * "The account is typing" on the phone. Source: doc/service/api/customer/message/api_typing (the codes 45072, 45080,
 * 45081) and doc/miniprogram … customerServiceMessage.setTyping (30 s); that it lasts 15 s is recalled.
 */
export const typingRules = { afterMessageSeconds: 30, lastsSeconds: 15 } as const;

/** Menus. Source: doc/service/guide/product/menu (3 × 5, sizes in bytes). */
export const menuRules = {
  buttons: 3,
  subButtons: 5,
  nameBytes: 16,
  subNameBytes: 60,
  keyBytes: 128,
  urlBytes: 1024,
} as const;

/** Template messages. `client_msg_id` guards 10 minutes: doc/service/api/notify/template. */
export const templateRules = { clientMessageSeconds: 600, templatesPerAccount: 25 } as const;

/**
 * Calls per day and account. token: juejin.cn 7477216369747738661; stable_token and template/send: their pages;
 * the others are recalled (an account sees its own in the admin page). An account of the emulator can be given less.
 */
export const dailyLimits: Readonly<Record<string, number>> = {
  "/cgi-bin/token": 2_000,
  "/cgi-bin/stable_token": 500_000,
  "/cgi-bin/user/info": 5_000_000,
  "/cgi-bin/qrcode/create": 100_000,
  "/cgi-bin/message/custom/send": 500_000,
  "/cgi-bin/message/custom/typing": 500_000,
  "/cgi-bin/message/template/send": 100_000,
  "/cgi-bin/menu/create": 1_000,
  "/cgi-bin/menu/get": 10_000,
  "/cgi-bin/menu/delete": 1_000,
};
