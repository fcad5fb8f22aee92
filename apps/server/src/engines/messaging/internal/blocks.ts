import type { Named } from "@zhanggui/kit/contract/named";
import { fill, type LocalizedText } from "@zhanggui/kit/contract/text";
import type { AppState } from "../../connect/apps.ts";
import type { ChannelState } from "../../connect/channels.ts";
import { isActive, plain, type RuleRow, saysOf } from "./matching.ts";

interface Bound {
  readonly wechatAppId: string | null;
  readonly channelId: string | null;
}
/** What a rule is meant for. */
export type RuleAim = Bound & Pick<RuleRow, "on" | "keywords" | "match" | "eventKey" | "activeFrom" | "activeUntil">;

/** What rules are bound to, as it stands now. What isn't there any more is missing. */
export interface Around {
  readonly now: Date;
  readonly apps: ReadonlyMap<string, AppState>;
  readonly channels: ReadonlyMap<string, ChannelState>;
}

const sentences = {
  emptyKeyword: { zh: "关键词是空的", en: "its keyword is empty" },
  noApp: { zh: "没有启用中的微信应用", en: "no WeChat app is switched on" },
  noMiniProgram: { zh: "没有启用中的小程序", en: "no mini-program is switched on" },
  noAccount: { zh: "没有启用中的公众号", en: "no official account is switched on" },
  appGone: { zh: "微信应用“{name}”已解绑", en: "the app “{name}” is unbound" },
  appOff: { zh: "微信应用“{name}”已停用", en: "the app “{name}” is switched off" },
  channelGone: { zh: "它的渠道已删除", en: "its channel is deleted" },
  channelOff: { zh: "渠道“{name}”已停用", en: "the channel “{name}” is switched off" },
  codeOver: { zh: "渠道“{name}”的二维码已过期", en: "the code of the channel “{name}” has expired" },
  shadowed: { zh: "规则“{name}”总是先回复", en: "the rule “{name}” always answers first" },
} as const satisfies Readonly<Record<string, LocalizedText>>;

function because(reason: keyof typeof sentences, name = ""): LocalizedText {
  const { zh, en } = sentences[reason];
  return { zh: fill(zh, { name }), en: fill(en, { name }) };
}

/** What happens in one kind of app only. */
const kindOf: Readonly<Partial<Record<RuleRow["on"], AppState["kind"]>>> = {
  follow: "official",
  scan: "official",
  click: "official",
  enter: "miniprogram",
};

/**
 * Why a rule can never answer; null if it may. What it is bound to may be gone or off, or a rule before it takes all of
 * its messages.
 *
 * @param before the rules that are tried first and are on
 */
export function blockOf(
  rule: RuleAim,
  before: Iterable<RuleAim & { readonly name: string }>,
  around: Around,
): LocalizedText | null {
  if (rule.on === "keyword" && rule.keywords.every((word) => plain(word) === "")) return because("emptyKeyword");
  const bound = boundTo(rule, around) ?? kindless(rule, around);
  if (bound !== null) return bound;
  for (const first of before) if (covers(first, rule, around)) return because("shadowed", first.name);
  return null;
}

/** Why what is bound to an app or a channel can't happen now; null if it may. */
export function boundTo(rule: Bound, around: Around): LocalizedText | null {
  if (rule.channelId !== null) {
    const channel = around.channels.get(rule.channelId);
    if (channel === undefined) return because("channelGone");
    if (!channel.enabled) return because("channelOff", channel.name);
    const { expiresAt, name } = channel;
    if (expiresAt !== null && expiresAt <= around.now) return because("codeOver", name);
  }
  const appId = appOf(rule, around);
  if (appId === null) return [...around.apps.values()].some(({ enabled }) => enabled) ? null : because("noApp");
  const app = around.apps.get(appId);
  if (app === undefined || !app.isBound) return because("appGone", app?.name);
  return app.enabled ? null : because("appOff", app.name);
}

/** Nobody follows a mini-program, and nobody opens an account's chat from a page. */
function kindless({ on, ...rule }: RuleAim, around: Around): LocalizedText | null {
  const kind = kindOf[on];
  if (kind === undefined) return null;
  const appId = appOf(rule, around);
  const apps = appId === null ? [...around.apps.values()] : [around.apps.get(appId)];
  if (apps.some((app) => app?.enabled === true && app.kind === kind)) return null;
  return because(kind === "official" ? "noAccount" : "noMiniProgram");
}

/** The present name of what a row is bound to. */
export function namedIn(all: ReadonlyMap<string, { readonly name: string }>, id: string | null): Named | null {
  return id === null ? null : { id, name: all.get(id)?.name ?? "" };
}

/** A channel is of one app. */
function appOf({ wechatAppId, channelId }: Bound, { channels }: Around): string | null {
  return wechatAppId ?? (channelId === null ? null : (channels.get(channelId)?.wechatAppId ?? null));
}

/** Whether every message that `rule` is meant for is one that `first` is meant for too. */
function covers(first: RuleAim, rule: RuleAim, around: Around): boolean {
  if (first.on !== rule.on) return false;
  if (first.wechatAppId !== null && first.wechatAppId !== appOf(rule, around)) return false;
  if (!coversHours(first, rule)) return false;
  if (rule.on === "scan") return first.channelId === null || first.channelId === rule.channelId;
  if (rule.on === "click") return first.eventKey === null || first.eventKey === rule.eventKey;
  return rule.on !== "keyword" || coversWords(first, rule);
}

/** By what words of one and of the other mean: whether a message of the second is always one of the first. */
const wider: Readonly<Record<RuleRow["match"], readonly RuleRow["match"][]>> = {
  exact: ["exact"],
  starts: ["exact", "starts"],
  contains: ["exact", "starts", "contains"],
  pattern: ["exact"],
};
function coversWords(first: RuleAim, rule: RuleAim): boolean {
  if (rule.match === "pattern")
    return first.match === "pattern" && rule.keywords.every((word) => first.keywords.includes(word));
  if (!wider[first.match].includes(rule.match)) return false;
  const says = saysOf(first);
  return rule.keywords.map(plain).every((word) => word === "" || says(word));
}

function coversHours(first: RuleAim, rule: RuleAim): boolean {
  if (first.activeFrom === null) return true;
  if (rule.activeFrom === null) return false;
  return minutes.every((clock) => !isActive(rule, clock) || isActive(first, clock));
}
const minutes = Array.from({ length: 24 * 60 }, (_, minute) => {
  const two = (number: number): string => String(number).padStart(2, "0");
  return `${two(Math.floor(minute / 60))}:${two(minute % 60)}`;
});
