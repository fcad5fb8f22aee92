import type { Chance } from "./chance.ts";

/*
 * What things are called in Lantern Tea's world. Nobody of these exists: numbers and addresses are of the ranges that
 * are kept for examples where there is one.
 */

const surnames = "李 王 张 刘 陈 杨 赵 黄 周 吴 徐 孙 胡 朱 高 林 何 郭 马 罗".split(" ");
const givenNames = "小满 阿青 子涵 雨桐 建国 秀英 思远 一诺 晓雯 志强 梦瑶 嘉豪 若溪 文博 欣怡 春兰 海涛 静怡".split(
  " ",
);

/** A few of what is called by the last word of a list's address; as many rows has the list. */
const named: Readonly<Record<string, readonly string[]>> = {
  roles: "店长 客服 财务 审核 开发 导购 仓管".split(" "),
  accounts: "掌柜 阿青 老周 小满 林晓雯 陈志强 吴静怡 何文博".split(" "),
  apps: "灯笼茶 灯笼茶会员 灯笼茶学堂".split(" "),
  channels: "门店海报 茶园路牌 包装卡片 直播间 社区团购 老客推荐 茶会签到 春茶展台 公众号文章".split(" "),
  tags: "新客 老客 爱喝乌龙 爱喝绿茶 常来茶会 企业采购 生日在春天 只看不买 团长 外地客 会员 待回访".split(" "),
  "reply-rules": "关注欢迎 门店扫码 菜单 营业时间 退换说明 会员权益 茶会报名 团购咨询".split(" "),
  scenes: "入会提醒 到货通知 茶会前一天 生日问候 负责人通知 订单关怀 回访提醒".split(" "),
  views: "本周新客 待回访 团长 高意向".split(" "),
};
/** Of what has no words of its own. */
const things = "春茶 茉莉花茶 凤凰单丛 正山小种 龙井 白牡丹 铁观音 普洱 礼盒 茶会 茶具 试饮装".split(" ");

const said = [
  "你好，茉莉花茶还有货吗？",
  "周末的茶会几点开始？",
  "菜单",
  "收到了，包装很好，谢谢！",
  "可以开发票吗？",
  "我想订十盒，怎么付款？",
  "门店几点关门？",
  "上次的单丛很好喝，再来两盒。",
];
const answers = [
  "您好，欢迎来到灯笼茶！回复“菜单”看看有什么茶。",
  "茶会周六下午两点开始，门店二楼。",
  "已为您登记，到货后会通知您。",
  "可以的，请把抬头发给我们。",
];
const reasons = [
  { zh: "微信已确认送达", en: "WeChat confirmed that it arrived" },
  { zh: "已交给微信，等待回执", en: "Handed to WeChat, waiting for its receipt" },
  { zh: "客户已取消关注", en: "The person follows no more" },
  { zh: "正在排队", en: "Waiting its turn" },
];

/** How many rows the list at an address has. */
export function sizeOf(segment: string): number {
  return named[segment]?.length ?? 120;
}

export function personName(chance: Chance): string {
  return chance.pick(surnames, "surname") + chance.pick(givenNames, "given name");
}

/** What the row of a list is called. @param segment the last word of the list's address */
export function nameOfRow(segment: string, index: number, chance: Chance): string {
  if (segment === "people" || segment === "conversations") return personName(chance);
  const words = named[segment] ?? things;
  const word = words[index % words.length] ?? segment;
  return index < words.length ? word : `${word} ${Math.floor(index / words.length) + 1}`;
}

type Make = (chance: Chance) => string;
const account = "qing xiaoman zhou lin chen wu".split(" ");

const mailAddress: Make = (chance) => `${chance.pick(account)}${chance.whole(1, 99)}@lantern-tea.example`;
const phoneNumber: Make = (chance) => `1380000${chance.text(4, "0123456789")}`;
/** Texts by the names of their fields, the first that fits. */
const byName: readonly (readonly [RegExp, Make])[] = [
  [/mail$/i, mailAddress],
  // Whichever the channel beside it asks for.
  [/^address$/, (chance) => (chance.share("mail") < 0.5 ? mailAddress : phoneNumber)(chance)],
  [/^login$/, (chance) => `${chance.pick(account)}@lantern-tea.example`],
  [/phone$/i, phoneNumber],
  [/openid|unionid|^to$/i, (chance) => `o${chance.text(27, "ABCDEFGHIJabcdefghij0123456789")}`],
  [/^appid$/i, (chance) => `wx${chance.text(16, "0123456789abcdef")}`],
  [/traceid$/i, (chance) => chance.text(32, "0123456789abcdef")],
  [/token|ticket|secret|key$/i, (chance) => chance.text(32)],
  [/shorturl$/i, (chance) => `https://lantern-tea.example/s/${chance.text(6)}`],
  [/url$|location/i, (chance) => `https://lantern-tea.example/${chance.text(8)}`],
  [/zone$/i, () => "Asia/Shanghai"],
  [/^tenant/i, () => "灯笼茶"],
  [/^keyword$/, (chance) => chance.pick(["菜单", "门店", "茶会", "会员"])],
  [/(person|display|leader|author|owner|account|customer).*name$|^changed_?by$/i, personName],
  [/error|^why|reason/i, (chance) => chance.pick(["对方服务器没有响应", "地址被拒收", "超过重试次数"])],
  [/kind$/i, () => "text"],
  [/by$/i, (chance) => chance.pick(named["reply-rules"] ?? things)],
  [/reply|answer/i, (chance) => chance.pick(answers)],
  [/text$|message|^said|^last/i, (chance) => chance.pick(said)],
  [/name$|title$|label$/i, (chance) => chance.pick(things)],
  [/^slug$|^scene$/, (chance) => chance.text(8)],
  [/^handler$/, (chance) => chance.pick(["messaging.scenes", "audience.tagging", "insight.count"])],
];

/** A text for a field of that name. */
export function textFor(name: string, chance: Chance): string {
  return byName.find(([pattern]) => pattern.test(name))?.[1](chance) ?? chance.pick(things);
}

export function sentencePair(chance: Chance): { zh: string; en: string } {
  return chance.pick(reasons);
}

/** Texts out of a few whose shape is any text, by `<shape>.<field>`. What isn't named here is shown as it is. */
export const knownTexts: Readonly<Record<string, readonly string[]>> = {
  "TimelineEntry.kind": ["followed", "scanned", "wrote", "tapped_menu", "delivery", "operator_reply"],
  "DeliveryStep.kind": ["asked", "decided", "submitting", "answered", "receipt"],
  "LoggedEvent.name": ["connect.message_received.v1", "audience.person_followed.v1", "connect.channel_scanned.v1"],
  "LoggedEvent.actor.kind": ["system", "account"],
};

/** What free-form fields hold. */
export function freeForm(chance: Chance): Record<string, unknown> {
  return { text: chance.pick(said), channelName: chance.pick(named["channels"] ?? things), name: chance.pick(things) };
}
