/*
 * WeChat's error codes as the emulator answers them. Sources: the platform's list of return codes
 * (developers.weixin.qq.com/doc/service/guide/dev/errcode), the enums of WxJava (weixin-java-common, error/), and, for
 * the wording, answers quoted in public issues: 40001 lanrion/weixin_authorize#81, 40013 and 40125
 * bottenderjs/messaging-apis#502, 41002 w7corp/easywechat#1918, 40037 binarywang/WxJava#2545, 40003 WxJava#710,
 * 43004 binarywang/weixin-java-mp-demo#104. `recalled` marks codes whose use in that place we only remember.
 */
export interface WechatError {
  errmsg: string;
  /** One plain sentence for the journal. */
  meaning: string;
  recalled?: true;
}

export const wechatErrors = {
  [-1]: { errmsg: "system error", meaning: "WeChat is busy; try again a little later" },
  40001: {
    errmsg: "invalid credential, access_token is invalid or not latest",
    meaning: "the access_token was replaced, voided, or never given out",
  },
  40002: { errmsg: "invalid grant_type", meaning: "grant_type must be client_credential" },
  40003: { errmsg: "invalid openid", meaning: "no user of this account has that openid" },
  40007: { errmsg: "invalid media_id", meaning: "no media has that id" },
  40008: { errmsg: "invalid message type", meaning: "this msgtype doesn't exist, or the emulator doesn't carry it" },
  40013: { errmsg: "invalid appid", meaning: "no account has that AppID" },
  40016: { errmsg: "invalid button size", meaning: "a menu has one to three buttons" },
  40017: { errmsg: "invalid button type", meaning: "this type of menu button doesn't exist" },
  40018: { errmsg: "invalid button name size", meaning: "a button's name is empty or too long" },
  40019: { errmsg: "invalid button key size", meaning: "a button's key is empty or too long" },
  40020: { errmsg: "invalid button url size", meaning: "a button's url is empty or too long" },
  40023: { errmsg: "invalid sub button size", meaning: "a button has one to five sub-buttons" },
  40024: { errmsg: "invalid sub button type", meaning: "this type of sub-button doesn't exist" },
  40025: { errmsg: "invalid sub button name size", meaning: "a sub-button's name is empty or too long" },
  40026: { errmsg: "invalid sub button key size", meaning: "a sub-button's key is empty or too long" },
  40027: { errmsg: "invalid sub button url size", meaning: "a sub-button's url is empty or too long" },
  40037: { errmsg: "invalid template_id", meaning: "this account has no such template" },
  40052: { errmsg: "invalid action name", meaning: "action_name is none of the four kinds of QR code", recalled: true },
  40053: { errmsg: "invalid action info", meaning: "the scene is missing or outside its limits", recalled: true },
  40058: { errmsg: "invalid parameter", meaning: "a parameter is outside its limits", recalled: true },
  40066: { errmsg: "invalid url", meaning: "WeChat, or the emulator, has no such path", recalled: true },
  40125: { errmsg: "invalid appsecret", meaning: "the AppSecret isn't this account's" },
  41001: { errmsg: "access_token missing", meaning: "the query names no access_token" },
  41002: { errmsg: "appid missing", meaning: "the request names no appid" },
  41003: { errmsg: "refresh_token missing", meaning: "the request names no refresh_token" },
  41004: { errmsg: "appsecret missing", meaning: "the request names no secret" },
  41005: { errmsg: "media data missing", meaning: "the request carries no file" },
  41006: { errmsg: "media_id missing", meaning: "the request names no media_id" },
  41007: { errmsg: "sub menu data missing", meaning: "the request carries no menu" },
  41008: { errmsg: "code missing", meaning: "the request names no code" },
  41009: { errmsg: "openid missing", meaning: "the request names no openid" },
  42001: { errmsg: "access_token expired", meaning: "the access_token's 7,200 seconds are over" },
  43001: { errmsg: "require GET method", meaning: "call this with GET" },
  43002: { errmsg: "require POST method", meaning: "call this with POST" },
  43004: { errmsg: "require subscribe", meaning: "the user doesn't follow this account" },
  43101: { errmsg: "user refuse to accept the msg", meaning: "the user turned this template's messages off" },
  44002: { errmsg: "empty post data", meaning: "the request has no body" },
  44004: { errmsg: "empty content", meaning: "the text is empty" },
  45002: { errmsg: "content size out of limit", meaning: "the text is too long" },
  45009: { errmsg: "reach max api daily quota limit", meaning: "today's quota of this call is used up" },
  45015: {
    errmsg: "response out of time limit or subscription is canceled",
    meaning: "the user did nothing lately that lets the account write, or unfollowed",
  },
  45047: {
    errmsg: "out of response count limit",
    meaning: "the messages that the user's last action allowed are used up",
  },
  45072: { errmsg: "invalid command", meaning: "command is neither Typing nor CancelTyping" },
  45080: {
    errmsg: "typing status needs a message within 30 seconds",
    meaning: "the user and the account said nothing to each other in the last 30 seconds",
  },
  45081: { errmsg: "typing status is on already", meaning: "the phone shows already that the account is typing" },
  46003: { errmsg: "menu no exist", meaning: "this account has no menu" },
  47001: { errmsg: "data format error", meaning: "the body isn't the JSON this call wants" },
  48001: { errmsg: "api unauthorized", meaning: "this account may not use this call" },
} as const satisfies Record<number, WechatError>;

export type KnownErrcode = keyof typeof wechatErrors;

/** Thrown by a call's handler: WeChat's answer is this code. */
export class Refusal extends Error {
  readonly errcode: number;

  constructor(errcode: KnownErrcode) {
    super(wechatErrors[errcode].errmsg);
    this.errcode = errcode;
  }
}

/** The wording and meaning of any code; codes outside the list (from a fault, say) get a plain sentence. */
export function describeErrcode(errcode: number): WechatError {
  const known = (wechatErrors as Record<number, WechatError | undefined>)[errcode];
  return known ?? { errmsg: "error", meaning: "a code that the emulator has no text for" };
}
