import type { LocalizedText } from "@zhanggui/kit/contract/text";
import type { SceneItem } from "@zhanggui/server/engines/messaging/scene.contract";

/** What a new scene begins with. */
export const newItem = { channel: "wechat_template" as const, templateId: "", data: { first: "" } };

/** What a template can speak of, and what a preview puts there. */
export const variables: readonly {
  readonly path: string;
  readonly label: LocalizedText;
  readonly example: LocalizedText;
}[] = [
  {
    path: "person.displayName",
    label: { zh: "客户姓名", en: "Person's name" },
    example: { zh: "小满", en: "Xiaoman" },
  },
  {
    path: "channel.name",
    label: { zh: "渠道名", en: "Channel" },
    example: { zh: "门店海报", en: "Shop poster" },
  },
  { path: "channel.leaderName", label: { zh: "负责人", en: "Leader" }, example: { zh: "阿青", en: "Aqing" } },
  { path: "app.name", label: { zh: "应用名", en: "App" }, example: { zh: "灯笼茶", en: "Lantern Tea" } },
];

/** A message of a scene in a few words. */
export function sendsWhat(item: SceneItem): LocalizedText {
  if (item.channel === "wechat_template") return { zh: "微信模板消息", en: "Template message" };
  return item.to === "leader"
    ? { zh: "邮件给渠道负责人", en: "Mail to the channel's leader" }
    : { zh: "邮件给客户本人", en: "Mail to the person" };
}

/**
 * Fills `{{ name }}` from `values`, for a preview while typing. The server renders whole Liquid; filters and tags stay
 * as they are written here.
 */
export function previewOf(template: string, values: Readonly<Record<string, string>>): string {
  return template.replaceAll(/\{\{\s*([\w.]+)\s*\}\}/g, (whole, path: string) => values[path] ?? whole);
}

type Texts = Readonly<Record<string, unknown>>;
/** The content of a message, filled in, whatever is typed of it yet. */
export function contentOf(item: Texts, values: Readonly<Record<string, string>>): Texts {
  const fill = (text: unknown): string => previewOf(typeof text === "string" ? text : "", values);
  if (item["channel"] === "mail") return { subject: fill(item["subject"]), text: fill(item["text"]) };
  const data = Object.entries((item["data"] ?? {}) as Texts).map(([name, text]) => [name, fill(text)]);
  return { data: Object.fromEntries(data), ...(item["url"] ? { url: item["url"] } : {}) };
}
