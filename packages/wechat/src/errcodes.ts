/**
 * What WeChat's errcodes mean for whoever sends: one list, so that code asks for the kind and people read what to do.
 * `token` the access token is refused; `throttled` slower, later; `quota` no more today; `recipient` this person can't
 * be reached; `content` what was sent is wrong; `permission` the account may not; `busy` WeChat's own trouble; `other`
 * the rest.
 */
export type ErrcodeKind = "token" | "throttled" | "quota" | "recipient" | "content" | "permission" | "busy" | "other";

export interface Errcode {
  readonly kind: ErrcodeKind;
  readonly zh: string;
  readonly en: string;
  readonly source: string;
}

const global = "developers.weixin.qq.com, 全局错误码 (oplatform errCode), read 2026-11";
const older = "公众号全局返回码说明 (copies of the official list of 2015 to 2017), read 2026-11";
const sdk = "WxJava WxMpErrorMsgEnum 4.7.2.B, read 2025-01";
const community = "developers.weixin.qq.com community threads, read 2026-11";
const subscription = "developers.weixin.qq.com, subscribeMessage.send, read 2026-11";
const recalled = "recalled, not read";

function code(kind: ErrcodeKind, source: string, zh: string, en: string): Errcode {
  return { kind, zh, en, source };
}

export const errcodes: Readonly<Record<number, Errcode>> = {
  [-1]: code("busy", global, "微信系统繁忙，请稍后再试。", "WeChat is busy. Try again later."),
  40001: code(
    "token",
    global,
    "access_token 已失效或不是最新的；如果发生在获取凭证时，请核对 AppSecret。",
    "The access token is no longer the current one. If this came when fetching a token, check the AppSecret.",
  ),
  40002: code("content", older, "凭证类型不正确。", "The grant type is wrong."),
  40003: code(
    "recipient",
    older,
    "OpenID 不正确：请确认此人关注的是本公众号。",
    "The openid is wrong: check that this person follows this very account.",
  ),
  40007: code(
    "content",
    older,
    "素材不存在或已过期，请重新上传。",
    "The media does not exist or has expired. Upload it again.",
  ),
  40008: code("content", older, "消息类型不正确。", "The message type is wrong."),
  40013: code(
    "permission",
    global,
    "AppID 不正确，请检查账号设置。",
    "The AppID is wrong. Check the account's settings.",
  ),
  40014: code("token", global, "access_token 不合法。", "The access token is not valid."),
  40016: code(
    "content",
    older,
    "菜单按钮个数不对：一级最多 3 个。",
    "Wrong number of menu buttons: at most 3 on the first level.",
  ),
  40018: code("content", older, "菜单按钮名称过长或为空。", "A menu button's name is too long or empty."),
  40023: code("content", older, "子菜单按钮个数不对：最多 5 个。", "Wrong number of sub-menu buttons: at most 5."),
  40037: code(
    "content",
    older,
    "模板不存在：请在公众平台确认模板编号。",
    "The template does not exist. Check its id on the account's page.",
  ),
  40125: code("permission", community, "AppSecret 不正确，请重新填写。", "The AppSecret is wrong. Enter it again."),
  40164: code(
    "permission",
    global,
    "服务器 IP 不在白名单，请到公众平台添加。",
    "The server's IP is not on the allow-list. Add it on the account's page.",
  ),
  40243: code(
    "permission",
    community,
    "AppSecret 已被冻结，请到公众平台解冻。",
    "The AppSecret is frozen. Unfreeze it on the account's page.",
  ),
  41001: code("token", global, "请求缺少 access_token。", "The request lacks an access token."),
  41002: code("content", global, "请求缺少 AppID。", "The request lacks the AppID."),
  41004: code("content", older, "请求缺少 AppSecret。", "The request lacks the AppSecret."),
  42001: code("token", global, "access_token 已过期。", "The access token has expired."),
  43004: code("recipient", older, "此人未关注公众号。", "This person does not follow the account."),
  43019: code("recipient", sdk, "此人在黑名单中，请先移出。", "This person is on the block list. Take them off first."),
  43101: code(
    "recipient",
    subscription,
    "此人拒收或未授权此类消息。",
    "This person has refused or not granted such messages.",
  ),
  44002: code("content", older, "请求内容为空。", "The request's body is empty."),
  44004: code("content", older, "文本消息内容为空。", "The text message is empty."),
  45002: code("content", global, "内容过长，请缩短。", "The content is too long. Shorten it."),
  45009: code(
    "quota",
    global,
    "今日调用次数已用完，明日恢复；也可在公众平台清零。",
    "Today's calls are used up. They return tomorrow, or can be reset on the account's page.",
  ),
  45011: code("throttled", global, "调用太频繁，请一分钟后再试。", "Too many calls. Try again in a minute."),
  45015: code(
    "recipient",
    community,
    "此人超过 48 小时未互动，或已取消关注，不能再发客服消息。",
    "This person has not been in touch for 48 hours, or has left, so no service message can be sent.",
  ),
  45047: code(
    "recipient",
    community,
    "此人再次发来消息前，客服消息条数已用完。",
    "The allowance of service messages is used up until this person writes again.",
  ),
  45065: code(
    "content",
    "developers.weixin.qq.com, 群发接口 api_masssend, read 2026-11",
    "消息编号重复，已经发送过。",
    "The client message id repeats: it was sent before.",
  ),
  46003: code("content", older, "菜单不存在。", "There is no menu."),
  47001: code("content", global, "提交的内容格式有误。", "The submitted data has a wrong format."),
  47003: code(
    "content",
    subscription,
    "模板字段的内容不符合要求。",
    "A template field's content does not fit its rules.",
  ),
  48001: code("permission", global, "公众号没有此接口的权限。", "The account has no permission for this interface."),
  48002: code("recipient", older, "此人关闭了接收消息。", "This person has switched messages off."),
  48004: code(
    "permission",
    global,
    "此接口已被封禁，请登录公众平台查看。",
    "This interface is banned for the account. See the account's page.",
  ),
  48006: code("quota", sdk, "本月清零次数已用完。", "This month's resets are used up."),
  50001: code("permission", older, "用户未授权此接口。", "The user has not granted this interface."),
  50002: code(
    "recipient",
    global,
    "此用户受限，账号可能被冻结或注销。",
    "This user is restricted: the account may be frozen or closed.",
  ),
  65301: code("content", sdk, "个性化菜单不存在。", "There is no such conditional menu."),
  87014: code("content", recalled, "内容含有违规信息，请修改。", "The content breaks WeChat's rules. Change it."),
  89503: code("permission", recalled, "此次调用需要管理员确认。", "This call needs the administrator's consent."),
};

const unlisted: Errcode = {
  kind: "other",
  zh: "微信返回了未收录的错误码，请按错误码和 rid 查询。",
  en: "WeChat answered with a code not listed here. Look it up with its rid.",
  source: "ours",
};

/** What an errcode means and what to do; never fails: an unlisted code is of kind `other`. */
export function explainErrcode(errcode: number): Errcode {
  return Object.hasOwn(errcodes, errcode) ? (errcodes[errcode] ?? unlisted) : unlisted;
}
