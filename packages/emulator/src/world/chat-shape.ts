import { z } from "zod";
import type { ChatContent, ChatEntry } from "./model.ts";

/* A chat as it is read from a file, or from whoever tells of one that was before. */
const ChatContentShape: z.ZodType<ChatContent> = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("text"), text: z.string() }),
  z.object({ kind: z.literal("picture"), url: z.string(), mediaId: z.string() }),
  z.object({
    kind: z.literal("location"),
    latitude: z.number(),
    longitude: z.number(),
    label: z.string(),
    scale: z.number(),
  }),
  z.object({
    kind: z.literal("news"),
    articles: z.array(
      z.object({ title: z.string(), description: z.string(), pictureUrl: z.string(), url: z.string() }),
    ),
  }),
  z.object({ kind: z.literal("media"), type: z.string(), mediaId: z.string(), title: z.string() }),
  z.object({
    kind: z.literal("choices"),
    head: z.string(),
    choices: z.array(z.object({ id: z.string(), text: z.string() })),
    tail: z.string(),
  }),
  z.object({
    kind: z.literal("card"),
    title: z.string(),
    appid: z.string(),
    pagepath: z.string(),
    pictureUrl: z.string(),
  }),
  z.object({
    kind: z.literal("template"),
    title: z.string(),
    lines: z.array(z.object({ text: z.string(), color: z.string().nullable() })),
    url: z.string(),
  }),
  z.object({
    kind: z.literal("note"),
    note: z.enum(["followed", "unfollowed", "scanned", "tapped", "entered", "trouble"]),
    text: z.string(),
  }),
]);

/** What was said, before it has a place in a chat. */
export const SaidShape = z.object({
  at: z.number(),
  from: z.enum(["puppet", "account", "system"]),
  via: z.enum(["passive", "custom", "template", "mass"]).nullable(),
  content: ChatContentShape,
});
export const ChatEntryShape: z.ZodType<ChatEntry> = SaidShape.extend({ id: z.string() });
