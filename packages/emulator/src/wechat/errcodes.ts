/*
 * WeChat's error codes as the emulator answers them. Sources: the platform's list of return codes
 * (developers.weixin.qq.com/doc/service/guide/dev/errcode), the enums of WxJava (weixin-java-common, error/), and, for
 * the wording, answers quoted in public issues: 40001 w7corp/easywechat#2759 (since 2023), 40013 and 40125
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
    errmsg:
      "invalid credential, access_token is invalid or not latest, could get access_token by getStableAccessToken, " +
      "more details at https://mmbizurl.cn/s/JtxxFh33r",
    meaning: "the access_token was replaced, voided, or never given out",
  },
  40002: { errmsg: "invalid grant_type", meaning: "grant_type must be client_credential" },
  40003: { errmsg: "invalid openid", meaning: "no user of this account has that openid" },
  40004: { errmsg: "invalid media type", meaning: "this kind of media doesn't exist, or not in this place" },
  40005: { errmsg: "invalid file type", meaning: "the file isn't of a type that this kind of media may have" },
  40007: { errmsg: "invalid media_id", meaning: "no media has that id" },
  40008: { errmsg: "invalid message type", meaning: "this msgtype doesn't exist, or the emulator doesn't carry it" },
  40009: { errmsg: "invalid image size", meaning: "the picture is too large" },
  40010: { errmsg: "invalid voice size", meaning: "the voice is too large" },
  40011: { errmsg: "invalid video size", meaning: "the video is too large" },
  40012: { errmsg: "invalid thumb size", meaning: "the thumbnail is too large" },
  40013: { errmsg: "invalid appid", meaning: "no account has that AppID" },
  40014: { errmsg: "invalid access_token", meaning: "nobody was given that access token in a user's name" },
  40016: { errmsg: "invalid button size", meaning: "a menu has one to three buttons" },
  40017: { errmsg: "invalid button type", meaning: "this type of menu button doesn't exist" },
  40018: { errmsg: "invalid button name size", meaning: "a button's name is empty or too long" },
  40019: { errmsg: "invalid button key size", meaning: "a button's key is empty or too long" },
  40020: { errmsg: "invalid button url size", meaning: "a button's url is empty or too long" },
  40022: { errmsg: "invalid sub menu level", meaning: "a menu has two levels, not three" },
  40023: { errmsg: "invalid sub button size", meaning: "a button has one to five sub-buttons" },
  40024: { errmsg: "invalid sub button type", meaning: "this type of sub-button doesn't exist" },
  40025: { errmsg: "invalid sub button name size", meaning: "a sub-button's name is empty or too long" },
  40026: { errmsg: "invalid sub button key size", meaning: "a sub-button's key is empty or too long" },
  40027: { errmsg: "invalid sub button url size", meaning: "a sub-button's url is empty or too long" },
  40029: { errmsg: "invalid code", meaning: "no user's consent gave that code, or not to this account" },
  40030: { errmsg: "invalid refresh_token", meaning: "no user's consent gave that refresh token" },
  40032: { errmsg: "invalid openid list size", meaning: "the list is empty or too long" },
  40033: {
    errmsg: "invalid charset. please check your request, if include \\uxxxx will create fail",
    meaning: "the body isn't UTF-8, or writes characters as \\uXXXX",
  },
  40035: { errmsg: "invalid parameter", meaning: "a parameter is missing or malformed", recalled: true },
  40037: { errmsg: "invalid template_id", meaning: "this account has no such template" },
  40052: { errmsg: "invalid action name", meaning: "action_name is none of the four kinds of QR code", recalled: true },
  40053: { errmsg: "invalid action info", meaning: "the scene is missing or outside its limits", recalled: true },
  40054: {
    errmsg: "invalid sub button url domain",
    meaning: "a sub-button's url doesn't begin with http:// or https://",
  },
  40055: { errmsg: "invalid button url domain", meaning: "a button's url doesn't begin with http:// or https://" },
  40058: { errmsg: "invalid parameter", meaning: "a parameter is outside its limits", recalled: true },
  40059: { errmsg: "invalid msg id", meaning: "the account has no mass sending of that id" },
  40066: { errmsg: "invalid url", meaning: "WeChat, or the emulator, has no such path", recalled: true },
  40073: { errmsg: "invalid card id", meaning: "the account has no such coupon", recalled: true },
  40097: { errmsg: "invalid args", meaning: "a ticket's type is jsapi or wx_card" },
  40114: { errmsg: "invalid index value", meaning: "the draft has no article of that index" },
  40125: { errmsg: "invalid appsecret", meaning: "the AppSecret isn't this account's" },
  40130: {
    errmsg: "invalid openid list size, at least two openid",
    meaning: "a mass sending wants two to ten thousand openids",
  },
  40163: { errmsg: "code been used", meaning: "the code was changed for a token already" },
  40164: { errmsg: "invalid ip", meaning: "the caller's address isn't on the account's IP white list" },
  40165: { errmsg: "invalid weapp pagepath", meaning: "the path isn't one of a mini-program's pages" },
  40169: {
    errmsg: "invalid length for scene, or the data is not json string",
    meaning: "the scene is empty, too long, or has characters that it may not",
  },
  40226: { errmsg: "code blocked", meaning: "the user is one of high risk (set so for this puppet)" },
  41001: { errmsg: "access_token missing", meaning: "the query names no access_token" },
  41002: { errmsg: "appid missing", meaning: "the request names no appid" },
  41003: { errmsg: "refresh_token missing", meaning: "the request names no refresh_token" },
  41004: { errmsg: "appsecret missing", meaning: "the request names no secret" },
  41005: { errmsg: "media data missing", meaning: "the request carries no file" },
  41006: { errmsg: "media_id missing", meaning: "the request names no media_id" },
  41007: { errmsg: "sub menu data missing", meaning: "the request carries no menu" },
  41008: { errmsg: "code missing", meaning: "the request names no code" },
  41009: { errmsg: "openid missing", meaning: "the request names no openid" },
  41030: { errmsg: "invalid page", meaning: "a page is written without a leading slash, and must exist" },
  42001: { errmsg: "access_token expired", meaning: "the access_token's 7,200 seconds are over" },
  42002: { errmsg: "refresh_token expired", meaning: "the user's consent was longer ago than thirty days" },
  42003: { errmsg: "oauth_code expired", meaning: "the code's five minutes are over" },
  43001: { errmsg: "require GET method", meaning: "call this with GET" },
  43002: { errmsg: "require POST method", meaning: "call this with POST" },
  43004: { errmsg: "require subscribe", meaning: "the user doesn't follow this account" },
  43019: { errmsg: "require remove blacklist", meaning: "the user is on the account's black list" },
  43101: { errmsg: "user refuse to accept the msg", meaning: "the user turned this template's messages off" },
  44001: { errmsg: "empty media data", meaning: "the uploaded file is empty" },
  44002: { errmsg: "empty post data", meaning: "the request has no body" },
  44004: { errmsg: "empty content", meaning: "the text is empty" },
  45001: { errmsg: "media size out of limit", meaning: "the library is full, or the file too large", recalled: true },
  45002: { errmsg: "content size out of limit", meaning: "the text is too long" },
  45003: { errmsg: "title size out of limit", meaning: "the title is empty or too long" },
  45004: { errmsg: "description size out of limit", meaning: "the digest is too long" },
  45008: { errmsg: "article size out of limit", meaning: "the message has too many articles, or none" },
  45009: { errmsg: "reach max api daily quota limit", meaning: "today's quota of this call is used up" },
  45011: {
    errmsg: "api minute-quota reach limit must slower retry next minute",
    meaning: "too many calls this minute",
  },
  45015: {
    errmsg: "response out of time limit or subscription is canceled",
    meaning: "the user did nothing lately that lets the account write, or unfollowed",
  },
  45028: { errmsg: "has no masssend quota", meaning: "the account has sent as often as it may today" },
  45029: { errmsg: "qrcode count out of limit", meaning: "the mini-program has drawn all the codes it may" },
  45047: {
    errmsg: "out of response count limit",
    meaning: "the messages that the user's last action allowed are used up",
  },
  45056: { errmsg: "too many tag now, no need to add new", meaning: "the account has all the tags it may have" },
  45057: { errmsg: "can't delete the tag that has too many fans", meaning: "too many followers have this tag" },
  45058: { errmsg: "can't modify sys tag", meaning: "0, 1 and 2 are WeChat's own tags" },
  45059: {
    errmsg: "can not tag one user too much",
    meaning: "a follower has all the tags one may have",
    recalled: true,
  },
  45065: { errmsg: "clientmsgid exist", meaning: "the same clientmsgid was sent within a day" },
  45066: { errmsg: "same clientmsgid retry too fast", meaning: "the same clientmsgid was sent within the minute" },
  45067: { errmsg: "clientmsgid size out of limit", meaning: "the clientmsgid is too long" },
  45072: { errmsg: "invalid command", meaning: "command is neither Typing nor CancelTyping" },
  45080: {
    errmsg: "typing status needs a message within 30 seconds",
    meaning: "the user and the account said nothing to each other in the last 30 seconds",
  },
  45081: { errmsg: "typing status is on already", meaning: "the phone shows already that the account is typing" },
  45083: { errmsg: "invalid speed", meaning: "a mass sending's speed is 0 to 4" },
  45157: { errmsg: "invalid tag name", meaning: "the tag's name is empty, or another tag has it" },
  45158: { errmsg: "tag name too long", meaning: "the tag's name is too long" },
  45159: { errmsg: "invalid tag id", meaning: "the account has no such tag" },
  45162: { errmsg: "invalid type", meaning: "this kind of account doesn't send this type of message" },
  46003: { errmsg: "menu no exist", meaning: "this account has no menu" },
  47001: { errmsg: "data format error", meaning: "the body isn't the JSON this call wants" },
  47003: { errmsg: "argument invalid!", meaning: "a keyword's value is missing, or isn't of its kind" },
  48001: { errmsg: "api unauthorized", meaning: "this account may not use this call" },
  48006: {
    errmsg: "forbid to clear quota because of reaching the limit",
    meaning: "the quotas were cleared as often as a month allows",
  },
  49003: { errmsg: "not match openid with appid", meaning: "the openid belongs to another account" },
  53600: { errmsg: "Article ID is invalid", meaning: "nothing published has that id" },
  65301: { errmsg: "invalid menuid", meaning: "the account has no such conditional menu" },
  65303: { errmsg: "no self menu", meaning: "there must be a menu for everybody before one for some" },
  65305: { errmsg: "invalid matchrule", meaning: "the rule matches by nothing that WeChat knows" },
  85401: { errmsg: "time limit between 1min and 30day", meaning: "a link lives one to thirty days" },
  87009: { errmsg: "invalid signature", meaning: "the session key isn't the user's present one" },
  200012: { errmsg: "personal template count exceeds the limit", meaning: "the account has all the templates it may" },
  200014: { errmsg: "tid does not exist", meaning: "the library has no template of that number" },
  200016: { errmsg: "start is invalid", meaning: "a page begins at 0 or later" },
  200017: { errmsg: "limit is invalid", meaning: "a page has one to thirty" },
  200018: { errmsg: "ids is missing", meaning: "say of which categories" },
  200019: { errmsg: "ids is invalid", meaning: "a category that there isn't" },
  200020: { errmsg: "invalid keywords", meaning: "keywords are two to five of the template's own, each once" },
  200021: { errmsg: "invalid sceneDesc", meaning: "the description of the scene is too long" },
  76001: { errmsg: "rid not found", meaning: "no refusal had that rid" },
  65401: { errmsg: "invalid custom service account", meaning: "the account has no such staff" },
  65402: { errmsg: "custom service account is not bound", meaning: "this staff has no WeChat number bound yet" },
  65403: { errmsg: "illegal nickname", meaning: "the nickname is empty or too long" },
  65404: { errmsg: "illegal custom service account", meaning: "a staff account is written prefix@wechat-number" },
  65405: { errmsg: "custom service account number reach limit", meaning: "the account has all the staff it may have" },
  65406: { errmsg: "custom service account exist", meaning: "there is such a staff account already" },
  65407: { errmsg: "the invited user is a worker already", meaning: "this user is one of the staff", recalled: true },
  65409: { errmsg: "invalid wechat id", meaning: "nobody has that WeChat number", recalled: true },
  65411: { errmsg: "an invitation is waiting", meaning: "this staff has been invited already", recalled: true },
  65412: { errmsg: "the account is bound already", meaning: "this staff has a WeChat number bound", recalled: true },
  65413: { errmsg: "no session of the user", meaning: "nobody serves this customer" },
  65414: { errmsg: "the user is served by another", meaning: "somebody else serves this customer" },
  65415: { errmsg: "the worker is offline", meaning: "this staff isn't online" },
  65416: { errmsg: "invalid query parameter", meaning: "a parameter of the records is missing or wrong" },
  65417: { errmsg: "query time span out of limit", meaning: "one look at the records covers a day at most" },
  76002: { errmsg: "invalid rid", meaning: "that rid names another account's call", recalled: true },
  76003: { errmsg: "cgi_path not found, please check", meaning: "cgi_path must begin with /", recalled: true },
  76021: { errmsg: "cgi_path not found, please check", meaning: "there is no such call" },
  76022: { errmsg: "could not use this cgi_path, no permission", meaning: "that call is another kind of account's" },
} as const satisfies Record<number, WechatError>;

export type KnownErrcode = keyof typeof wechatErrors;

/** Thrown by a call's handler: WeChat's answer is this code. */
export class Refusal extends Error {
  readonly errcode: KnownErrcode;
  /** What the answer says besides, right after its sentence. */
  readonly detail: string;
  /** What the answer holds besides its code and sentence. */
  readonly more: Readonly<Record<string, unknown>>;

  constructor(errcode: KnownErrcode, detail = "", more: Readonly<Record<string, unknown>> = {}) {
    super(wechatErrors[errcode].errmsg);
    this.errcode = errcode;
    this.detail = detail;
    this.more = more;
  }
}

/** The wording and meaning of any code; codes outside the list (from a fault, say) get a plain sentence. */
export function describeErrcode(errcode: number): WechatError {
  const known = (wechatErrors as Record<number, WechatError | undefined>)[errcode];
  return known ?? { errmsg: "error", meaning: "a code that the emulator has no text for" };
}
