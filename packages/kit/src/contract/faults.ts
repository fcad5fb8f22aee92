import { fault } from "./fault.ts";
import { underMaintenance } from "./maintenance.ts";
import { limitReached, readOnly } from "./plan.ts";
import { proofNeededCode } from "./proof.ts";

// The faults that any route may answer. Numeric codes: inventory D-63…D-69 and D-77.

export const invalidInput = fault(
  "kit.invalid_input",
  400,
  { zh: "提交的内容有误，请检查标出的字段。", en: "Some fields are wrong; see `errors`." },
  { errno: 1403 },
);
export const malformedJson = fault(
  "kit.malformed_json",
  400,
  { zh: "请求不是有效的 JSON。", en: "The request is not valid JSON." },
  { errno: 1403 },
);
export const unauthenticated = fault(
  "kit.unauthenticated",
  401,
  { zh: "请先登录。", en: "Sign in first." },
  { errno: 1401 },
);
export const sessionExpired = fault(
  "kit.session_expired",
  401,
  { zh: "登录已过期，请重新登录。", en: "The session has expired; sign in again." },
  { errno: 1406 },
);
export const forbidden = fault("kit.forbidden", 403, {
  zh: "没有权限（{permission}），请联系管理员开通。",
  en: "You lack the permission {permission}; ask an administrator for it.",
});
export const foreignPage = fault("kit.foreign_page", 403, {
  zh: "请求来自其他网站的页面，已拒绝。请直接打开本系统再操作。",
  en: "This was asked for by a page of another site, and is refused. Open this system itself and try again.",
});
/** What belongs to somebody who signs in: their session, their password, what they are told. */
export const accountNeeded = fault("kit.account_needed", 403, {
  zh: "此操作需要本人登录，不能使用 API 密钥。",
  en: "Somebody has to sign in for this; an API key won't do.",
});
/** What would outlast it, or is a secret: whoever acts in another's name leaves it alone. */
export const impersonated = fault("kit.impersonated", 403, {
  zh: "您正以“{name}”的身份操作，账号、权限、密钥和密码只能由本人或以您自己的身份修改。",
  en: "You act as “{name}”: accounts, rights, keys and passwords are changed in one's own name only.",
});
/** The business demands one of this account, and the day is past: nothing else is answered until it is set up. */
export const secondFactorDue = fault("kit.second_factor_due", 403, {
  zh: "本企业要求使用两步验证，请先完成设置，再继续操作。",
  en: "This business demands two-step sign-in: set it up before anything else.",
});
export const effectRefused = fault("kit.effect_refused", 403, {
  zh: "此 API 密钥的用途不包括这类操作（{effect}）。",
  en: "This API key isn't made for calls of this kind ({effect}).",
});
/** Only to whoever has its secret: to others no key is known. */
export const keyOver = fault("kit.key_over", 401, {
  zh: "这个 API 密钥已停用或已过期。",
  en: "This API key is switched off or has expired.",
});
export const keyNetworkRefused = fault("kit.key_network_refused", 403, {
  zh: "这个 API 密钥不接受来自 {address} 的调用。",
  en: "This API key takes no calls from {address}.",
});
export const keyUsedUp = fault(
  "kit.key_used_up",
  429,
  {
    zh: "这个 API 密钥今天的 {calls} 次调用已用完，请 {wait} 后再试。",
    en: "This API key has used up its {calls} calls of today; try again in {wait}.",
  },
  { isPassing: true },
);
/** What has a password of its own, a link for one, asks whoever comes for it; `asks` gives the page a form. */
export const passwordNeeded = fault("kit.password_needed", 403, {
  zh: "请输入访问密码。",
  en: "This asks for a password.",
});
export const wrongPassword = fault("kit.wrong_password", 403, {
  zh: "密码不对，请重试。",
  en: "That password is wrong. Try again.",
});
/** What is cheap for one and dear for thousands: `details.challenge` is solved, and the call made again with it. */
export const proofNeeded = fault(proofNeededCode, 428, {
  zh: "需要先完成一次自动安全验证，请重试。",
  en: "An automatic security check comes first: solve the challenge in `details`, and try again with its solution.",
});
export const notFound = fault(
  "kit.not_found",
  404,
  { zh: "找不到所请求的内容，可能已被删除。", en: "There is no such thing here; it may have been deleted." },
  { errno: 1404 },
);
export const methodNotAllowed = fault("kit.method_not_allowed", 405, {
  zh: "此地址不支持该请求方法。",
  en: "This address doesn't answer to that method.",
});
export const conflict = fault(
  "kit.conflict",
  409,
  {
    zh: "内容已被他人修改或已存在，请刷新后重试。",
    en: "It exists already or was changed meanwhile; reload and try again.",
  },
  { errno: 2005 },
);
export const tooLarge = fault("kit.too_large", 413, {
  zh: "请求内容过大，上限为 {limitBytes} 字节。",
  en: "The request is too large; the limit is {limitBytes} bytes.",
});
export const unsupportedMediaType = fault("kit.unsupported_media_type", 415, {
  zh: "不支持的内容类型，请使用 {expected}。",
  en: "Unsupported content type; use {expected}.",
});
export const tooManyRequests = fault(
  "kit.too_many_requests",
  429,
  { zh: "操作过于频繁，请 {wait} 后再试。", en: "Too many requests; try again in {wait}." },
  { isPassing: true },
);
export const preconditionFailed = fault("kit.precondition_failed", 412, {
  zh: "内容已被他人修改，请刷新后重试。",
  en: "It was changed meanwhile: reload, and try again.",
});
export const preconditionRequired = fault("kit.precondition_required", 428, {
  zh: "请在 If-Match 请求头中说明所依据的版本。",
  en: "Say in If-Match which version this is based on.",
});
export const idempotencyKeyMissing = fault("kit.idempotency_key_missing", 400, {
  zh: "此接口需要 Idempotency-Key 请求头（1 到 200 个字符）。",
  en: "This call needs the header Idempotency-Key (1 to 200 characters).",
});
export const idempotencyKeyReused = fault("kit.idempotency_key_reused", 422, {
  zh: "同一个 Idempotency-Key 已用于另一个请求。",
  en: "This Idempotency-Key has been used for another request.",
});
export const idempotencyInProgress = fault("kit.idempotency_in_progress", 409, {
  zh: "使用同一 Idempotency-Key 的请求正在处理中，请稍后再试。",
  en: "A call with this Idempotency-Key is still under way; ask again in a moment.",
});
export const idempotencyUnknown = fault("kit.idempotency_unknown", 409, {
  zh: "使用同一 Idempotency-Key 的请求中途中断，结果未知。请先核实是否已生效，再用新的 Idempotency-Key 重试。",
  en: "A call with this Idempotency-Key broke off, and its outcome is unknown. See whether it took effect before you call with a new key.",
});
export const timeLimitExceeded = fault("kit.time_limit_exceeded", 503, {
  zh: "处理超时（{seconds} 秒），请稍后再试。",
  en: "This took longer than {seconds} seconds and was given up; try again later.",
});
export const shuttingDown = fault("kit.shutting_down", 503, {
  zh: "服务正在重启，请稍后再试。",
  en: "The server is restarting; try again in a moment.",
});
export const badRequest = fault("kit.bad_request", 400, {
  zh: "请求不符合 HTTP 协议，无法处理。",
  en: "The request is not proper HTTP and can't be handled.",
});
export const listTooLong = fault("kit.list_too_long", 422, {
  zh: "超过 {limit} 条时不能按此项排序或筛选，请先用其他条件缩小范围。",
  en: "A list of more than {limit} can't be sorted or narrowed by this: narrow it by something else first.",
});
export const searchTooWide = fault("kit.search_too_wide", 422, {
  zh: "符合的超过 {limit} 条，请输入得更完整一些。",
  en: "More than {limit} match this: type more of it.",
});
export const exportTooLong = fault("kit.export_too_long", 422, {
  zh: "超过 {limit} 条的列表请在后台导出，完成后在下载中心下载。",
  en: "A list of more than {limit} is exported in the background: have it made, and fetch it from the downloads.",
});
export const internalError = fault(
  "kit.internal",
  500,
  {
    zh: "系统出错了，已记录。请稍后再试，或把追踪号告诉管理员。",
    en: "Something broke on our side and was logged. Try again later, or give the trace id to your administrator.",
  },
  { errno: 1500 },
);
export const upstreamFailed = fault(
  "kit.upstream_failed",
  502,
  { zh: "外部服务 {service} 调用失败：{reason}", en: "The outside service {service} failed: {reason}" },
  { errno: 1101 },
);

/** Every fault of the kit, in the order of the reference page. */
export const kitFaults = [
  badRequest,
  invalidInput,
  malformedJson,
  unauthenticated,
  sessionExpired,
  forbidden,
  foreignPage,
  impersonated,
  secondFactorDue,
  passwordNeeded,
  wrongPassword,
  proofNeeded,
  notFound,
  methodNotAllowed,
  conflict,
  preconditionFailed,
  preconditionRequired,
  idempotencyKeyMissing,
  idempotencyKeyReused,
  idempotencyInProgress,
  idempotencyUnknown,
  tooLarge,
  unsupportedMediaType,
  tooManyRequests,
  listTooLong,
  searchTooWide,
  exportTooLong,
  internalError,
  upstreamFailed,
  timeLimitExceeded,
  shuttingDown,
  underMaintenance,
  readOnly,
  limitReached,
] as const;
