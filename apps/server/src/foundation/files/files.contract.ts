import { byteStream } from "@zhanggui/kit/contract/body";
import { fault } from "@zhanggui/kit/contract/fault";
import { conflict, notFound, tooLarge } from "@zhanggui/kit/contract/faults";
import { field } from "@zhanggui/kit/contract/field";
import { Id } from "@zhanggui/kit/contract/ids";
import { list } from "@zhanggui/kit/contract/list";
import { oneLine } from "@zhanggui/kit/contract/one-line";
import { authenticated, permission, publicAccess } from "@zhanggui/kit/contract/permission";
import { contract, route } from "@zhanggui/kit/contract/route";
import { Instant } from "@zhanggui/kit/contract/time";
import { z } from "zod";

export const filesManage = permission(
  "files:manage",
  { zh: "查看并删除所有人的文件", en: "See and delete everybody's files" },
  ["operator", "developer"],
);

export const notTaken = fault("files.not_taken", 415, {
  zh: "不支持这种文件。可上传：{taken}。",
  en: "This kind of file isn't taken. These are: {taken}.",
});
export const wrongName = fault("files.wrong_name", 415, {
  zh: "文件内容与扩展名不符：内容是 {type}。",
  en: "The file isn't what its name says: its content is {type}.",
});
export const badPicture = fault("files.bad_picture", 422, {
  zh: "图片无法读取，或像素过多。",
  en: "The picture can't be read, or has too many pixels.",
});
export const fileTooLarge = fault("files.too_large", 413, {
  zh: "文件过大，这种文件上限为 {megabytes} MB。",
  en: "The file is too large: such files may have {megabytes} MB.",
});
export const overQuota = fault("files.over_quota", 422, {
  zh: "空间已满：上限为 {megabytes} MB。请删除不用的文件，或请管理员调高设置 files.quotaMegabytes。",
  en: "The space of {megabytes} MB is full. Delete files that aren't needed, or have files.quotaMegabytes raised.",
});
export const inUse = fault("files.in_use", 409, {
  zh: "文件正在使用中，不能删除。",
  en: "The file is in use, so it can't be deleted.",
});
export const badRange = fault("files.bad_range", 416, {
  zh: "请求的范围超出文件大小。",
  en: "The file has no such bytes.",
});
export const linkOver = fault("files.link_over", 410, {
  zh: "下载链接已过期或已使用，请重新获取。",
  en: "This download link is over or was used. Ask for a new one.",
});

/** Whatever comes in and goes out is a file of these, and of no other kind. */
export const fileTypes = {
  "image/png": "PNG",
  "image/jpeg": "JPEG",
  "image/webp": "WebP",
  "image/gif": "GIF",
  "application/pdf": "PDF",
  "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": "Excel",
  "application/vnd.openxmlformats-officedocument.wordprocessingml.document": "Word",
  "application/vnd.openxmlformats-officedocument.presentationml.presentation": "PowerPoint",
  "application/zip": "ZIP",
  "text/csv": "CSV",
  "text/plain": "TXT",
  "video/mp4": "MP4",
  "audio/mpeg": "MP3",
} as const;
export type FileType = keyof typeof fileTypes;
const types = Object.keys(fileTypes) as [FileType, ...FileType[]];

export const StoredFile = z
  .object({
    id: Id,
    name: field(z.string(), { zh: "文件名", en: "Name" }, { width: "184px" }),
    type: field(
      z.enum(types),
      { zh: "类型", en: "Type" },
      {
        filter: true,
        choices: Object.fromEntries(Object.entries(fileTypes).map(([type, name]) => [type, { zh: name, en: name }])),
      },
    ),
    sizeBytes: field(z.int().nonnegative(), { zh: "大小", en: "Size" }, { kind: "count", sort: true }),
    usedBy: field(z.array(z.object({ zh: z.string(), en: z.string() })), { zh: "用于", en: "Used by" }),
    accountName: field(z.string().nullable(), { zh: "上传人", en: "Uploaded by" }, { readBy: filesManage }),
    isOwn: z.boolean(),
    hasThumbnail: z.boolean(),
    sha256: field(z.string(), { zh: "SHA-256", en: "SHA-256" }, { hidden: true }),
    expiresAt: field(Instant.nullable(), { zh: "过期时间", en: "Expires" }, { sort: true }),
    createdAt: field(Instant, { zh: "上传于", en: "Uploaded" }, { sort: "id", filter: "range" }),
  })
  .meta({ id: "StoredFile" });

const params = z.object({ fileId: Id });
/** A page that opens what it is given would run it as a page of ours: it is only ever saved. */
const sets = {
  headers: z.object({
    "accept-ranges": z.literal("bytes").optional(),
    "content-range": z.string().optional(),
    "content-security-policy": z.string(),
    "cache-control": z.string(),
    etag: z.string(),
  }),
} as const;
const headers = z.object({ range: z.string().max(200).optional() });
const content = { reply: byteStream, sets, headers } as const;

export const files = contract("files", {
  list: list("/files", {
    item: StoredFile,
    noun: { zh: "文件", en: "file", plural: "files" },
    summary: "The caller's own files, or everybody's for whoever may see them",
    access: authenticated,
    sort: "-createdAt",
    search: { zh: "文件名的一部分", en: "Part of a name" },
    live: true,
  }),
  upload: route.post("/files", {
    summary: "Upload a file as the body, 100 MB at most; its type is what its content says",
    access: authenticated,
    effect: "change",
    query: z.object({ name: oneLine(200) }),
    body: byteStream,
    reply: StoredFile,
    faults: [notTaken, wrongName, badPicture, fileTooLarge, tooLarge, overQuota],
    limit: { perMinute: 60, by: "account" },
  }),
  download: route.get("/files/:fileId/content", {
    summary: "The bytes of one's own file, or a range of them",
    access: authenticated,
    params,
    ...content,
    faults: [notFound, badRange],
  }),
  thumbnail: route.get("/files/:fileId/thumbnail", {
    summary: "A small WebP of one's own picture",
    access: authenticated,
    params,
    reply: byteStream,
    sets,
    faults: [notFound],
  }),
  link: route.post("/files/:fileId/links", {
    summary: "Make an address from which anybody may download the file for some minutes, once or often",
    access: authenticated,
    effect: "change",
    params,
    body: z.object({ minutes: z.int().min(1).max(10_080).default(10), once: z.boolean().default(true) }),
    reply: z.object({ url: z.string(), expiresAt: Instant }),
    faults: [notFound],
  }),
  open: route.get("/f/:pass", {
    summary: "Download a file by an address that was made for it",
    root: true,
    forPeople: true,
    tellsHead: true,
    access: publicAccess,
    params: z.object({ pass: z.string().max(200) }),
    ...content,
    faults: [linkOver, notFound, badRange],
    limit: { perMinute: 120, by: "address" },
  }),
  delete: route.delete("/files/:fileId", {
    summary: "Delete a file that nothing uses",
    access: authenticated,
    effect: "destroy",
    params,
    reply: z.object({}),
    faults: [notFound, inUse, conflict],
  }),
});
