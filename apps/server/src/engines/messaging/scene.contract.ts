import { fault } from "@zhanggui/kit/contract/fault";
import { field } from "@zhanggui/kit/contract/field";
import { Id } from "@zhanggui/kit/contract/ids";
import { Named } from "@zhanggui/kit/contract/named";
import { oneLine } from "@zhanggui/kit/contract/one-line";
import { switched } from "@zhanggui/kit/contract/switched";
import { bilingual } from "@zhanggui/kit/contract/text";
import { Instant } from "@zhanggui/kit/contract/time";
import { z } from "zod";

export const badTemplate = fault("messaging.bad_template", 422, {
  zh: "模板写法有误：{where}{reason}",
  en: "The template is wrong: {where}{reason}",
});

export const everyChannel = { zh: "所有渠道", en: "Every channel" };
/** A sentence of the server's own. */
export const Sentence = z.object({ zh: z.string(), en: z.string() });

/** Sentences are Liquid templates over `person`, `channel` and `app`: `{{ person.displayName }}`. */
const Template = z.string().trim().min(1).max(2000);
export const by = {
  label: { zh: "方式", en: "By" },
  choices: { wechat_template: { zh: "微信模板消息", en: "Template message" }, mail: { zh: "邮件", en: "Mail" } },
};
export const TemplateItem = z.object({
  channel: field(z.literal("wechat_template"), by.label, { input: "radio", choices: by.choices }),
  templateId: field(
    z.string().trim().min(1).max(100),
    { zh: "模板 ID", en: "Template id" },
    { hint: { zh: "公众号后台 → 模板消息。", en: "WeChat's admin page → Template messages." } },
  ),
  /** WeChat's fields (`first`, `keyword1`, `thing2` …) and what to put into each. */
  data: field(
    z.record(z.string().trim().min(1).max(40), Template).refine((data) => Object.keys(data).length <= 20, {
      error: bilingual({ zh: "最多 20 个字段", en: "at most 20 fields" }),
    }),
    { zh: "模板字段", en: "Template fields" },
    { kind: "templateFields" },
  ),
  /** What a tap on the message opens. */
  url: field(
    z
      .url({ protocol: /^https?$/ })
      .max(500)
      .optional(),
    { zh: "点击后打开的网址", en: "Link it opens" },
    { hint: { zh: "以 http:// 或 https:// 开头的网页地址。", en: "A web page: it begins with http:// or https://." } },
  ),
});
export const MailItem = z.object({
  channel: field(z.literal("mail"), by.label, { input: "radio", choices: by.choices }),
  /** `leader`: whoever owns the channel; `person`: the person, if a mail address is known. */
  to: field(
    z.enum(["leader", "person"]),
    { zh: "发给", en: "To" },
    {
      input: "radio",
      choices: {
        leader: { zh: "渠道负责人", en: "The channel's leader" },
        person: { zh: "客户本人", en: "The person" },
      },
    },
  ),
  subject: field(z.string().trim().min(1).max(200), { zh: "主题", en: "Subject" }, { input: "template" }),
  text: field(Template, { zh: "正文", en: "Text" }, { input: "template" }),
});
export const SceneItem = z.discriminatedUnion("channel", [TemplateItem, MailItem]);
export type SceneItem = z.output<typeof SceneItem>;
/** The events that can start a scene. */
export const SceneTrigger = z.enum(["audience.channel_entered.v1", "audience.person_followed.v1"]);
export type SceneTrigger = z.output<typeof SceneTrigger>;
const triggers = {
  "audience.channel_entered.v1": { zh: "有人扫了渠道码", en: "Somebody scans a channel code" },
  "audience.person_followed.v1": { zh: "有人关注公众号", en: "Somebody follows the account" },
};
export const SceneFields = {
  name: field(oneLine(60), { zh: "名称", en: "Name" }),
  trigger: field(SceneTrigger, { zh: "触发事件", en: "Starts when" }, { choices: triggers }),
  /** Only this channel; null for every channel. */
  channelId: field(Id.nullable(), { zh: "渠道", en: "Channel" }, { kind: "channel", placeholder: everyChannel }),
  items: field(z.array(SceneItem).min(1).max(10), { zh: "发送内容", en: "What is sent" }),
  enabled: z.boolean(),
};
export const Scene = z
  .object({
    id: Id,
    name: field(SceneFields.name, { zh: "名称", en: "Name" }, { width: "20%" }),
    trigger: field(
      SceneTrigger,
      { zh: "触发事件", en: "Starts when" },
      { choices: triggers, filter: true, unindexed: true, width: "20%" },
    ),
    channel: field(Named.nullable(), { zh: "渠道", en: "Channel" }, { kind: "channel", placeholder: everyChannel }),
    items: SceneFields.items,
    version: field(z.int(), { zh: "版本", en: "Version" }, { width: "80px" }),
    enabled: switched,
    /** Why it can't start now, though it is on; null if it may. */
    blocked: field(Sentence.nullable(), { zh: "不会触发的原因", en: "Why it never starts" }, { hidden: true }),
    createdAt: field(Instant, { zh: "创建时间", en: "Created" }, { sort: "id", filter: "range", hidden: true }),
    channelId: Id.nullable(),
  })
  .meta({ id: "Scene" });

/** A scene as it was from one change to the next. */
export const SceneRevision = z
  .object({
    version: z.int(),
    /** The account that made it. */
    changedBy: z.string(),
    changedAt: Instant,
    name: SceneFields.name,
    trigger: SceneFields.trigger,
    channel: Scene.shape.channel,
    items: SceneFields.items,
    enabled: switched,
  })
  .meta({ id: "SceneRevision" });
