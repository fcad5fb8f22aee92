import { audits } from "@zhanggui/kit/contract/audited";
import { bytes } from "@zhanggui/kit/contract/body";
import { fault } from "@zhanggui/kit/contract/fault";
import { notFound } from "@zhanggui/kit/contract/faults";
import { field } from "@zhanggui/kit/contract/field";
import { Id } from "@zhanggui/kit/contract/ids";
import { list } from "@zhanggui/kit/contract/list";
import { Named } from "@zhanggui/kit/contract/named";
import { oneLine } from "@zhanggui/kit/contract/one-line";
import { permission } from "@zhanggui/kit/contract/permission";
import { contract, route } from "@zhanggui/kit/contract/route";
import { Instant } from "@zhanggui/kit/contract/time";
import { z } from "zod";
import { CardFields, MiniProgramCard } from "./card.contract.ts";
import { appOff, wechatRefused, wechatUnreachable } from "../connect/connect.contract.ts";

export const materialsRead = permission("materials:read", { zh: "查看微信素材", en: "See WeChat material" }, [
  "operator",
]);
export const materialsWrite = permission(
  "materials:write",
  { zh: "上传、同步和删除微信素材", en: "Upload, synchronise and delete WeChat material" },
  ["operator"],
);

export const notSuchFile = fault("materials.not_such_file", 422, {
  zh: "微信不接受这个文件：{kindZh}须为 {taken}，不超过 {largest}。",
  en: "WeChat doesn't take this file: {kindEn} must be {taken}, of {largest} at most.",
});
export const materialKinds = {
  image: { zh: "图片", en: "Picture" },
  voice: { zh: "语音", en: "Voice" },
  video: { zh: "视频", en: "Video" },
  news: { zh: "图文", en: "Articles" },
  mass_video: {
    zh: "群发视频",
    en: "Video for mass sending",
    hint: { zh: "从电脑上传，3 天内有效。", en: "Uploaded from disk; good for three days." },
  },
} as const;
const Kind = z.enum(["image", "voice", "video", "news", "mass_video"]);
const UploadKind = z.enum(["image", "voice", "video", "mass_video"]);

/** Whether it can be mass sent, and why not. WeChat refuses videos of its library (40007). */
const massSending = {
  yes: { zh: "可群发", en: "Yes", tone: "good" },
  listed_video: {
    zh: "不可群发",
    en: "No",
    tone: "quiet",
    hint: {
      zh: "微信不接受素材库里的视频（40007）。请从电脑上传“群发视频”。",
      en: "WeChat refuses videos of its library (40007). Upload a “video for mass sending” from disk.",
    },
  },
  expired: {
    zh: "已过期",
    en: "Expired",
    tone: "warn",
    hint: { zh: "微信只保留 3 天，请重新上传。", en: "WeChat keeps it for three days: upload it anew." },
  },
} as const;

const appLabel = { zh: "公众号", en: "Official account" };
export const Material = z
  .object({
    id: Id,
    name: field(z.string(), { zh: "名称", en: "Name" }, { width: "240px" }),
    kind: field(Kind, { zh: "类型", en: "Type" }, { filter: true, choices: materialKinds, width: "112px" }),
    massSending: field(
      z.enum(["yes", "listed_video", "expired"]),
      { zh: "群发", en: "Mass sending" },
      { filter: true, unindexed: true, choices: massSending },
    ),
    app: field(Named, appLabel, { kind: "wechatApp" }),
    titles: field(z.array(z.string()), { zh: "文章", en: "Articles" }, { hidden: true }),
    mediaId: field(z.string(), { zh: "media_id", en: "media_id" }, { hidden: true }),
    expiresAt: field(Instant.nullable(), { zh: "失效时间", en: "Expires" }),
    changedAt: field(Instant, { zh: "更新于", en: "Changed" }, { sort: true, filter: "range" }),
  })
  .meta({ id: "Material" });

export const MaterialSync = z
  .object({
    wechatAppId: Id,
    state: z.enum(["running", "done", "failed"]),
    begunAt: Instant,
    endedAt: Instant.nullable(),
    items: z.int(),
    /** Why it failed. */
    zh: z.string().nullable(),
    en: z.string().nullable(),
  })
  .meta({ id: "MaterialSync" });

const AppId = field(Id, appLabel, { kind: "officialAccount" });
const params = z.object({ materialId: Id });
const ofWechat = [notFound, appOff, wechatRefused, wechatUnreachable] as const;
const followed = audits("materials", {
  materials_item: {
    list: "list",
    title: "name",
    // What is read at WeChat changes there.
    ignored: ["media_id", "titles", "changed_at", "seen_at", "created_at"],
    fields: z.object({ wechatAppId: AppId }),
  },
});

export const materials = contract(followed, {
  list: list("/wechat/materials", {
    summary: "What WeChat's material library holds, and what of it can be mass sent",
    item: Material,
    noun: { zh: "素材", en: "material", plural: "materials" },
    access: materialsRead,
    sort: "-changedAt",
    search: { zh: "名称的一部分", en: "Part of a name" },
    live: true,
    filters: { wechatAppId: AppId },
  }),
  syncs: route.get("/wechat/materials/syncs", {
    summary: "How the last reading of each account's library went",
    access: materialsRead,
    reply: z.object({ items: z.array(MaterialSync) }),
  }),
  sync: route.post("/wechat/materials/sync", {
    summary: "Read an account's material library anew, in the background",
    access: materialsWrite,
    effect: "change",
    body: z.object({ wechatAppId: AppId }),
    reply: MaterialSync,
    faults: [notFound, appOff],
  }),
  upload: route.post("/wechat/materials", {
    summary: "Put a file that was uploaded here into WeChat's library; or make of it a video for mass sending",
    access: materialsWrite,
    effect: "spend",
    idempotent: true,
    body: z.object({
      wechatAppId: AppId,
      kind: field(UploadKind, { zh: "类型", en: "Type" }, { choices: materialKinds }),
      fileId: field(
        Id,
        { zh: "文件", en: "File" },
        {
          input: "file",
          hint: {
            zh: "图片 PNG、JPEG、GIF，10 MB 以内；语音 MP3，2 MB 以内；视频 MP4，10 MB 以内。",
            en: "Pictures PNG, JPEG or GIF, 10 MB at most; voice MP3, 2 MB; video MP4, 10 MB.",
          },
        },
      ),
      title: field(
        oneLine(60).optional(),
        { zh: "视频标题", en: "The video's title" },
        { showWhen: { field: "kind", is: "in", value: ["video", "mass_video"] } },
      ),
      description: field(
        z.string().trim().max(200).optional(),
        { zh: "视频简介", en: "About the video" },
        { showWhen: { field: "kind", is: "in", value: ["video", "mass_video"] } },
      ),
    }),
    reply: Material,
    faults: [...ofWechat, notSuchFile],
  }),
  picture: route.get("/wechat/materials/:materialId/picture", {
    summary: "The picture of the library, as WeChat gives it",
    access: materialsRead,
    params,
    reply: bytes,
    faults: ofWechat,
  }),
  delete: route.delete("/wechat/materials/:materialId", {
    summary: "Delete something at WeChat, for good; what was sent with it stays",
    access: materialsWrite,
    effect: "destroy",
    params,
    reply: z.object({}),
    faults: ofWechat,
  }),
  listCards: route.get("/wechat/cards", {
    summary: "What accounts send as the cards of mini-programs: one for each two of them, made when they are bound",
    access: materialsRead,
    reply: z.object({ items: z.array(MiniProgramCard) }),
  }),
  updateCard: route.patch("/wechat/cards/:cardId", {
    summary: "Change what a card says, opens or shows; another picture goes into the library in the background",
    access: materialsWrite,
    effect: "change",
    params: z.object({ cardId: Id }),
    body: z.object(CardFields).partial(),
    reply: MiniProgramCard,
    faults: [notFound, notSuchFile],
  }),
  makeCard: route.post("/wechat/cards/:cardId/make", {
    summary: "Make a card that isn't there, in the background; nothing happens to one that is",
    access: materialsWrite,
    effect: "change",
    params: z.object({ cardId: Id }),
    reply: MiniProgramCard,
    faults: [notFound],
  }),
});
