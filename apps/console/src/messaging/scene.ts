import {
  type Scene as SceneSchema,
  type SceneItem as SceneItemSchema,
  type SceneTrigger,
  TemplateItem,
} from "@zhanggui/server/engines/messaging/messaging.contract";
import type { z } from "zod";

export type Scene = z.output<typeof SceneSchema>;
export type SceneItem = z.output<typeof SceneItemSchema>;
export type Trigger = z.output<typeof SceneTrigger>;

/** The key of a trigger's words. */
export const triggerKeys: Readonly<Record<Trigger, string>> = {
  "audience.channel_entered.v1": "messaging.scenes.triggers.channel_entered",
  "audience.person_followed.v1": "messaging.scenes.triggers.person_followed",
};

/** What a template can speak of, with the key of its name and of what the preview puts there. */
export const variables = [
  {
    path: "person.displayName",
    label: "messaging.scenes.variables.personName",
    example: "messaging.scenes.example.person",
  },
  {
    path: "channel.name",
    label: "messaging.scenes.variables.channelName",
    example: "messaging.scenes.example.channel",
  },
  {
    path: "channel.leaderName",
    label: "messaging.scenes.variables.leaderName",
    example: "messaging.scenes.example.leader",
  },
  { path: "app.name", label: "messaging.scenes.variables.appName", example: "messaging.scenes.example.app" },
] as const;

/** A scene's item while it is edited. A template's fields are a list: they can be renamed and keep their order. */
export type Draft =
  | { channel: "wechat_template"; templateId: string; url: string; fields: { name: string; value: string }[] }
  | { channel: "mail"; to: "leader" | "person"; subject: string; text: string };

export function draftOf(item: SceneItem): Draft {
  if (item.channel === "mail") return { ...item };
  const fields = Object.entries(item.data).map(([name, value]) => ({ name, value }));
  return { channel: item.channel, templateId: item.templateId, url: item.url ?? "", fields };
}

export function itemOf(draft: Draft): SceneItem {
  if (draft.channel === "mail") return { ...draft };
  const { channel, templateId, url } = draft;
  const data = Object.fromEntries(draft.fields.map(({ name, value }) => [name.trim(), value]));
  return { channel, templateId, data, ...(url.trim() === "" ? {} : { url: url.trim() }) };
}

/**
 * Fills `{{ name }}` from `values`, for a preview while typing. The server renders whole Liquid; filters and tags stay
 * as they are written here.
 */
export function previewOf(template: string, values: Readonly<Record<string, string>>): string {
  return template.replaceAll(/\{\{\s*([\w.]+)\s*\}\}/g, (whole, path: string) => values[path] ?? whole);
}

/** What the contract takes for a link: a whole address of a web page. */
const isWebPage = (url: string): boolean => TemplateItem.shape.url.safeParse(url).success;

/** Whether a draft can be sent to the server; the server knows more. */
export function problemsOf(draft: Draft): { field: string; kind: "required" | "url" }[] {
  const empty = (field: string, value: string) => (value.trim() === "" ? [{ field, kind: "required" as const }] : []);
  if (draft.channel === "mail") return [...empty("subject", draft.subject), ...empty("text", draft.text)];
  const isUrl = draft.url.trim() === "" || isWebPage(draft.url.trim());
  return [
    ...empty("templateId", draft.templateId),
    ...draft.fields.flatMap(({ name, value }, index) => [
      ...empty(`name${index}`, name),
      ...empty(`value${index}`, value),
    ]),
    ...(isUrl ? [] : [{ field: "url", kind: "url" as const }]),
  ];
}
