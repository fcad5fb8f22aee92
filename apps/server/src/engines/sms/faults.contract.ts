import { fault } from "@zhanggui/kit/contract/fault";

export const accountRefused = fault("sms.account_refused", 422, {
  zh: "服务商不接受这个账号：{reason}",
  en: "The carrier doesn't accept this account: {reason}",
});
export const secretShape = fault("sms.secret_shape", 422, {
  zh: "这家服务商的密钥是 16 个字母、数字或符号",
  en: "This carrier's secrets are 16 letters, digits or signs",
});
export const accountTaken = fault("sms.account_taken", 409, {
  zh: "已经有这个账号：“{name}”",
  en: "This account is there already: “{name}”",
});
export const notSendable = fault("sms.not_sendable", 409, {
  zh: "没有可用的账号：模板没有绑定已启用的短信账号，或都拒绝了它。",
  en: "No account can send it: those it is approved at are off, or have refused it.",
});
export const badPlace = fault("sms.bad_place", 422, {
  zh: "变量 {place} 要用英文字母开头的名称，写作 {{ code }}",
  en: "{place}: what differs has a name that begins with a letter, as {{ code }}",
});
export const foreignPlace = fault("sms.foreign_place", 422, {
  zh: "{place} 是服务商的写法，这里写作 {{ code }}；签名填在下面，不写进内容",
  en: "{place} is how the carrier writes it: here it is {{ code }}, and the signature stands below",
});
export const badCodePlace = fault("sms.bad_code_place", 422, {
  zh: "验证码没有变量 {place}，只有 code、minutes 和 business",
  en: "Codes have no {place}: only code, minutes and business",
});
export const codePlaceMissing = fault("sms.code_place_missing", 422, {
  zh: "验证码模板里要有 {{ code }}",
  en: "A template of codes needs {{ code }}",
});
export const boundTwice = fault("sms.bound_twice", 422, {
  zh: "同一个账号只能绑定一次",
  en: "An account can be there once",
});
export const valueMissing = fault("sms.value_missing", 422, { zh: "请填写 {name}", en: "Enter {name}" });
export const notSent = fault("sms.not_sent", 422, {
  zh: "没有发出（{code}），原因见“短信记录”。",
  en: "It wasn't sent ({code}). Why, “Text messages” tells.",
});
export const maybeSent = fault("sms.maybe_sent", 502, {
  zh: "服务商没有明确答复，可能已经发出；结果见“短信记录”。",
  en: "The carrier gave no clear answer, so it may have gone out. “Text messages” will tell.",
});
export const noneNow = fault("sms.none_now", 503, {
  zh: "短信账号现在都不能发送（暂停使用，或超过每秒上限），请稍后再试。",
  en: "No account can send it just now: they are left out for a while, or over their rate limit.",
});
export const codeMissing = fault("sms.code_missing", 422, {
  zh: "{provider}按模板发送，请填写审核通过的模板编号",
  en: "{provider} sends by template: enter the code under which it approved this one",
});
export const badPush = fault("sms.bad_push", 400, {
  zh: "不是这家服务商推送的内容",
  en: "This is nothing that the carrier pushes",
});
