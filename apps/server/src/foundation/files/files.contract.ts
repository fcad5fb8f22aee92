import { bytes, byteStream } from "@zhanggui/kit/contract/body";
import { fault } from "@zhanggui/kit/contract/fault";
import { conflict, invalidInput, notFound, tooLarge, unsupportedMediaType } from "@zhanggui/kit/contract/faults";
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
export const infected = fault("files.infected", 422, {
  zh: "文件含有病毒（{virus}），没有保存。",
  en: "The file has a virus ({virus}) and wasn't kept.",
});
export const notScanned = fault("files.not_scanned", 503, {
  zh: "病毒扫描暂时无法完成，文件没有保存，请稍后再试。",
  en: "The file couldn't be scanned for viruses, so it wasn't kept. Try again later.",
});
/** Its status and its meaning are the protocol's (tus 1.0.0, "Checksum"). */
export const checksumMismatch = fault("files.checksum_mismatch", 460, {
  zh: "这一段内容与校验值不符，请重新发送。",
  en: "This piece isn't what its checksum says: send it again.",
});
export const tusVersion = fault("files.tus_version", 412, {
  zh: "只支持 tus {version}，请在 Tus-Resumable 中说明。",
  en: "Only tus {version} is spoken here: say so in Tus-Resumable.",
});
export const tooManyUploads = fault("files.too_many_uploads", 422, {
  zh: "未完成的上传已有 {count} 个，请先完成或取消其中一些。",
  en: "You have {count} uploads that aren't finished: finish some, or end them.",
});
/** `count`: how many it may have. */
export const tooManyPieces = fault("files.too_many_pieces", 422, {
  zh: "这次上传的分片已超过 {count} 个，请重新上传，并使用更大的分片。",
  en: "This upload has come in more than {count} pieces: begin it anew, with larger ones.",
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
  "audio/amr": "AMR",
} as const;
export type FileType = keyof typeof fileTypes;
const types = Object.keys(fileTypes) as [FileType, ...FileType[]];

export const StoredFile = z
  .object({
    id: Id,
    name: field(z.string(), { zh: "文件名", en: "Name" }, { width: "176px" }),
    type: field(
      z.enum(types),
      { zh: "类型", en: "Type" },
      {
        filter: true,
        width: "112px",
        choices: Object.fromEntries(Object.entries(fileTypes).map(([type, name]) => [type, { zh: name, en: name }])),
      },
    ),
    sizeBytes: field(z.int().nonnegative(), { zh: "大小", en: "Size" }, { kind: "count", sort: true }),
    usedBy: field(z.array(z.object({ zh: z.string(), en: z.string() })), { zh: "用于", en: "Used by" }),
    accountName: field(
      z.string().nullable(),
      { zh: "上传人", en: "Uploaded by" },
      { readBy: filesManage, width: "112px" },
    ),
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
/** tus 1.0.0 (tus.io/protocols/resumable-upload): what its clients send, and are answered. */
const tusIn = { "tus-resumable": z.string().optional() };
const tusOut = z.object({
  "tus-resumable": z.string(),
  "tus-version": z.string().optional(),
  "tus-extension": z.string().optional(),
  location: z.string().optional(),
  "upload-offset": z.string().optional(),
  "upload-length": z.string().optional(),
  "upload-expires": z.string().optional(),
  "cache-control": z.string().optional(),
  /** Ours: what it has become. */
  "upload-file": z.string().optional(),
});
const upload = { access: authenticated, reply: bytes, sets: { headers: tusOut } } as const;
const uploadParams = z.object({ uploadId: Id });
const count = z.string().regex(/^\d{1,15}$/);
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
    faults: [notTaken, wrongName, badPicture, fileTooLarge, tooLarge, overQuota, infected, notScanned],
    limit: { perMinute: 60, by: "account" },
  }),
  beginUpload: route.post("/uploads", {
    ...upload,
    summary: "Begin an upload that comes in pieces and may break off (tus 1.0.0, creation)",
    effect: "change",
    headers: z.object({ ...tusIn, "upload-length": count, "upload-metadata": z.string().max(2000).optional() }),
    faults: [tusVersion, invalidInput, fileTooLarge, overQuota, tooManyUploads],
    limit: { perMinute: 60, by: "account" },
  }),
  getUpload: route.get("/uploads/:uploadId", {
    ...upload,
    summary: "How many of its bytes are here; HEAD, as tus asks, or GET",
    params: uploadParams,
    headers: z.object(tusIn),
    faults: [tusVersion, notFound],
  }),
  sendUpload: route.patch("/uploads/:uploadId", {
    ...upload,
    summary: "Send the next bytes of an upload; with the last ones it becomes a file, told as Upload-File",
    effect: "change",
    params: uploadParams,
    headers: z.object({ ...tusIn, "upload-offset": count, "upload-checksum": z.string().max(200).optional() }),
    body: byteStream,
    faults: [
      tusVersion,
      invalidInput,
      notFound,
      conflict,
      tooManyPieces,
      unsupportedMediaType,
      checksumMismatch,
      tooLarge,
      notTaken,
      wrongName,
      badPicture,
      fileTooLarge,
      overQuota,
      infected,
      notScanned,
    ],
  }),
  endUpload: route.delete("/uploads/:uploadId", {
    ...upload,
    summary: "End an upload: its bytes go (tus 1.0.0, termination)",
    effect: "destroy",
    params: uploadParams,
    headers: z.object(tusIn),
    faults: [tusVersion, notFound],
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
    whileReadOnly: true,
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
