import { z } from "zod";
import { assertBetween, atMostOnce, Done, get, idempotent, post, read, ReceivedFile } from "../call.ts";
import type { UploadFile } from "../upload.ts";

const temporaryPage = "doc/service/api/material/temporary/api_uploadtempmedia";
const materialPage = "doc/service/api/material/permanent/api_addmaterial";

export type MediaType = "image" | "voice" | "video" | "thumb";
/** Bytes of each type, seconds that temporary media are kept, pieces of the library, and of one page of it. */
export const mediaLimits = {
  bytes: { image: 10_485_760, voice: 2_097_152, video: 10_485_760, thumb: 65_536 },
  articleImageBytes: 1_048_576,
  temporarySeconds: 259_200,
  images: 100_000,
  others: 1_000,
  page: 20,
} as const;

function assertSize(type: MediaType, file: UploadFile): void {
  assertBetween(`the bytes of the ${type}`, file.size, 1, mediaLimits.bytes[type]);
}

/** Kept for three days. One that was uploaded twice goes twice. */
export const uploadMedia = post("/cgi-bin/media/upload", {
  page: temporaryPage,
  effect: idempotent(),
  request({ type, file }: { type: MediaType; file: UploadFile }) {
    assertSize(type, file);
    return { query: { type }, upload: { field: "media", file } };
  },
  reply: z
    .object({ media_id: z.string().optional(), thumb_media_id: z.string().optional(), created_at: z.number() })
    .refine(({ media_id, thumb_media_id }) => media_id !== undefined || thumb_media_id !== undefined)
    .transform(({ media_id, thumb_media_id, created_at }) => ({
      mediaId: media_id ?? thumb_media_id ?? "",
      expiresAt: new Date((created_at + mediaLimits.temporarySeconds) * 1_000),
    })),
});

/** Of a video WeChat gives an address rather than the file. */
const MediaAnswer = z.union([
  ReceivedFile.transform((file) => ({ file, url: undefined })),
  z.object({ video_url: z.string() }).transform(({ video_url }) => ({ file: undefined, url: video_url })),
]);

/** What was uploaded, or what a user sent; for three days. */
export const getMedia = get("/cgi-bin/media/get", {
  page: "doc/service/api/material/temporary/api_getmedia",
  effect: read,
  request: ({ mediaId }: { mediaId: string }) => ({ query: { media_id: mediaId } }),
  reply: MediaAnswer,
});

/** A picture for the text of an article: JPEG or PNG below 1 MB. It counts for nothing, so another does no harm. */
export const uploadArticleImage = post("/cgi-bin/media/uploadimg", {
  page: "doc/service/api/material/permanent/api_uploadimage",
  effect: idempotent(),
  request({ file }: { file: UploadFile }) {
    assertBetween("the picture's bytes", file.size, 1, mediaLimits.articleImageBytes);
    return { upload: { field: "media", file } };
  },
  reply: z.object({ url: z.string() }),
});

interface NewMaterial {
  readonly type: MediaType;
  readonly file: UploadFile;
  /** A video's. */
  readonly title?: string | undefined;
  readonly introduction?: string | undefined;
}

/** Into the library, for good. Names there aren't unique, so nobody can tell whether a lost one was added. */
export const addMaterial = post("/cgi-bin/material/add_material", {
  page: materialPage,
  effect: atMostOnce,
  request({ type, file, title = "", introduction = "" }: NewMaterial) {
    assertSize(type, file);
    const words = type === "video" ? { fields: { description: JSON.stringify({ title, introduction }) } } : {};
    return { query: { type }, upload: { field: "media", file, ...words } };
  },
  reply: z
    .object({ media_id: z.string(), url: z.string().optional() })
    .transform(({ media_id, url }) => ({ mediaId: media_id, url })),
});

export const Article = z
  .object({
    title: z.string(),
    author: z.string().optional(),
    digest: z.string().optional(),
    content: z.string().optional(),
    content_source_url: z.string().optional(),
    thumb_media_id: z.string().optional(),
    thumb_url: z.string().optional(),
    url: z.string().optional(),
  })
  .transform((article) => ({
    title: article.title,
    author: article.author ?? "",
    digest: article.digest ?? "",
    content: article.content ?? "",
    sourceUrl: article.content_source_url ?? "",
    thumbMediaId: article.thumb_media_id ?? "",
    thumbUrl: article.thumb_url ?? "",
    url: article.url ?? "",
  }));
export type Article = z.output<typeof Article>;

/** A file, a video's address, or articles. */
export const getMaterial = post("/cgi-bin/material/get_material", {
  page: "doc/service/api/material/permanent/api_getmaterial",
  effect: read,
  request: ({ mediaId }: { mediaId: string }) => ({ body: { media_id: mediaId } }),
  reply: z.union([
    ReceivedFile.transform((file) => ({ kind: "file" as const, file })),
    z
      .object({ title: z.string(), description: z.string(), down_url: z.string() })
      .transform(({ title, description, down_url }) => ({ kind: "video" as const, title, description, url: down_url })),
    z
      .object({ news_item: z.array(Article) })
      .transform(({ news_item }) => ({ kind: "news" as const, articles: news_item })),
  ]),
});

export const deleteMaterial = post("/cgi-bin/material/del_material", {
  page: "doc/service/api/material/permanent/api_delmaterial",
  effect: idempotent(40007),
  request: ({ mediaId }: { mediaId: string }) => ({ body: { media_id: mediaId } }),
  reply: Done,
});

export const countMaterial = get("/cgi-bin/material/get_materialcount", {
  page: "doc/service/api/material/permanent/api_getmaterialcount",
  effect: read,
  reply: z
    .object({ voice_count: z.number(), video_count: z.number(), image_count: z.number(), news_count: z.number() })
    .transform((counts) => ({
      voice: counts.voice_count,
      video: counts.video_count,
      image: counts.image_count,
      news: counts.news_count,
    })),
});

const MaterialItem = z
  .object({
    media_id: z.string(),
    name: z.string().optional(),
    update_time: z.number(),
    url: z.string().optional(),
    content: z.object({ news_item: z.array(Article) }).optional(),
  })
  .transform((item) => ({
    mediaId: item.media_id,
    name: item.name ?? item.content?.news_item[0]?.title ?? "",
    updatedAt: new Date(item.update_time * 1_000),
    url: item.url,
    articles: item.content?.news_item ?? [],
  }));
export type MaterialItem = z.output<typeof MaterialItem>;

export const pageRequest = ({
  offset,
  count,
}: {
  offset: number;
  count: number;
}): { offset: number; count: number } => {
  assertBetween("count", count, 1, mediaLimits.page);
  return { offset, count };
};

/** The library by kind, twenty at a time, the newest first. */
export const listMaterial = post("/cgi-bin/material/batchget_material", {
  page: "doc/service/api/material/permanent/api_batchgetmaterial",
  effect: read,
  request: ({ type, ...page }: { type: "image" | "voice" | "video" | "news"; offset: number; count: number }) => ({
    body: { type, ...pageRequest(page) },
  }),
  reply: z
    .object({ total_count: z.number(), item: z.array(MaterialItem) })
    .transform(({ total_count, item }) => ({ total: total_count, items: item })),
});

/**
 * Makes of a temporary video one that can be mass sent; ids of the library are refused (40007). Not in the documents
 * since 2025-09; whether a video is mass sent directly is for the account to find out.
 */
export const makeMassVideo = post("/cgi-bin/media/uploadvideo", {
  page: "doc/offiaccount/Message_Management/Batch_Sends_and_Originality_Checks",
  effect: idempotent(),
  request: ({ mediaId, title, description }: { mediaId: string; title: string; description: string }) => ({
    body: { media_id: mediaId, title, description },
  }),
  reply: z.object({ media_id: z.string() }).transform(({ media_id }) => ({ mediaId: media_id })),
});
