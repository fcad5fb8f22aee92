import { z } from "zod";
import type { MediaItem, MediaType } from "../world/media.ts";
import type { State } from "../world/state.ts";
import { accountOf, json, numberOf, okAnswer, textOf } from "./answers.ts";
import { Refusal } from "./errcodes.ts";
import { extensionOf, fileType } from "./file-types.ts";
import { mediaRules } from "./limits.ts";
import type { ApiAnswer, ApiCall, ApiRoute } from "./route.ts";
import type { Limit } from "./rules.ts";

type FileKind = Exclude<MediaType, "news">;
const sizes: Readonly<Record<FileKind, Limit>> = {
  image: mediaRules.imageBytes,
  voice: mediaRules.voiceBytes,
  video: mediaRules.videoBytes,
  thumb: mediaRules.thumbBytes,
};
const sizeRules = Object.values(sizes);
const common = { access: "token", right: "material" } as const;
const materialPage = "doc/service/api/material/permanent/api_addmaterial";

export const mediaRoutes: readonly ApiRoute[] = [
  {
    ...common,
    right: "media",
    method: "POST",
    path: "/cgi-bin/media/upload",
    says: "Keeps a picture, voice, video or thumbnail for three days.",
    page: "doc/service/api/material/temporary/api_uploadtempmedia",
    perDay: 100_000,
    isUpload: true,
    rules: [...sizeRules, mediaRules.temporarySeconds],
    errcodes: [40004, 40005, 41005, 44001],
    handle(state, call) {
      const file = readFile(state, call);
      const item = state.media.add({
        ...file,
        appid: accountOf(call).appid,
        place: "temporary",
        expiresAt: state.now() + state.rules.number(mediaRules.temporarySeconds) * 1000,
      });
      const name = item.type === "thumb" ? "thumb_media_id" : "media_id";
      return json({ type: item.type, [name]: item.mediaId, created_at: Math.floor(item.createdAt / 1000), item: [] });
    },
  },
  {
    ...common,
    right: "media",
    method: "GET",
    path: "/cgi-bin/media/get",
    says: "Gives back what was uploaded, also what a user sent.",
    page: "doc/service/api/material/temporary/api_getmedia",
    perDay: 200_000,
    errcodes: [40007, 41006],
    handle(state, call) {
      const mediaId = call.query["media_id"] ?? "";
      if (mediaId === "") throw new Refusal(41006);
      const { appid } = accountOf(call);
      const oldest = state.now() - state.rules.number(mediaRules.temporarySeconds) * 1000;
      const sent = [...state.pictures.values()].find((picture) => picture.mediaId === mediaId);
      if (sent?.appid === appid && sent.at > oldest) return fileAnswer(sent.bytes, sent.contentType, mediaId);
      const item = state.media.find(appid, mediaId);
      if (item === undefined || item.place !== "temporary") throw new Refusal(40007);
      if (item.type === "video") return json({ video_url: state.media.url(item) });
      return fileAnswer(item.bytes, item.contentType, mediaId);
    },
  },
  {
    ...common,
    method: "POST",
    path: "/cgi-bin/media/uploadimg",
    says: "Keeps a picture for the text of an article: it has an address, and counts for nothing.",
    page: "doc/service/api/material/permanent/api_uploadimage",
    perDay: 100_000,
    isUpload: true,
    rules: [mediaRules.articleImageBytes],
    errcodes: [40005, 41005, 44001],
    handle(state, call) {
      const upload = call.files.get("media");
      if (upload === undefined) throw new Refusal(41005);
      state.rules.within(mediaRules.articleImageBytes, upload.bytes.length);
      const contentType = fileType("image", upload.bytes);
      if (contentType === null || contentType === "image/gif") throw new Refusal(40005);
      const item = state.media.add({
        appid: accountOf(call).appid,
        type: "image",
        place: "mass",
        bytes: upload.bytes,
        contentType,
      });
      return json({ url: state.media.url(item) });
    },
  },
  {
    ...common,
    method: "POST",
    path: "/cgi-bin/material/add_material",
    says: "Puts a picture, voice, video or thumbnail into the material library.",
    page: materialPage,
    perDay: 1_000,
    isUpload: true,
    rules: [...sizeRules, mediaRules.images, mediaRules.others],
    errcodes: [40004, 40005, 40035, 41005, 44001],
    handle(state, call) {
      const file = readFile(state, call);
      const { appid } = accountOf(call);
      const same = state.media.list(appid, (item) => item.place === "listed" && item.type === file.type);
      state.rules.within(file.type === "image" ? mediaRules.images : mediaRules.others, same.length + 1);
      const item = state.media.add({ ...file, ...videoWords(file.type, call), appid, place: "listed" });
      return json({ media_id: item.mediaId, ...(item.type === "image" ? { url: state.media.url(item) } : {}) });
    },
  },
  {
    ...common,
    method: "POST",
    path: "/cgi-bin/material/get_material",
    says: "Gives back something of the material library, or a draft's articles.",
    page: "doc/service/api/material/permanent/api_getmaterial",
    perDay: 100_000,
    body: z.strictObject({ media_id: z.string() }),
    errcodes: [40007],
    handle(state, call) {
      const item = listedItem(state, call);
      if (item.type === "news") return json({ news_item: item.articles.map((each) => articleOut(state, item, each)) });
      if (item.type !== "video") return fileAnswer(item.bytes, item.contentType, item.mediaId);
      return json({ title: item.title, description: item.description, down_url: state.media.url(item) });
    },
  },
  {
    ...common,
    method: "POST",
    path: "/cgi-bin/material/del_material",
    says: "Takes something out of the material library.",
    page: "doc/service/api/material/permanent/api_delmaterial",
    perDay: 1_000,
    body: z.strictObject({ media_id: z.string() }),
    errcodes: [40007],
    handle(state, call) {
      state.media.remove(listedItem(state, call));
      return okAnswer;
    },
  },
  {
    ...common,
    method: "GET",
    path: "/cgi-bin/material/get_materialcount",
    says: "Counts the material library.",
    page: "doc/service/api/material/permanent/api_getmaterialcount",
    perDay: 5_000,
    handle(state, call) {
      const { appid } = accountOf(call);
      const count = (type: MediaType): number => listedOf(state, appid, type).length;
      return json({
        voice_count: count("voice"),
        video_count: count("video"),
        image_count: count("image"),
        news_count: count("news"),
      });
    },
  },
  {
    ...common,
    method: "POST",
    path: "/cgi-bin/material/batchget_material",
    says: "Lists the material library by kind, twenty at a time, the newest first.",
    page: "doc/service/api/material/permanent/api_batchgetmaterial",
    perDay: 100_000,
    body: z.strictObject({ type: z.string(), offset: z.number(), count: z.number() }),
    rules: [mediaRules.page],
    errcodes: [40004, 40058],
    handle(state, call) {
      const type = (["image", "video", "voice", "news"] as const).find((each) => each === call.body["type"]);
      if (type === undefined) throw new Refusal(40004);
      const offset = numberOf(call.body, "offset") ?? 0;
      const count = numberOf(call.body, "count") ?? 0;
      if (offset < 0) throw new Refusal(40058);
      state.rules.within(mediaRules.page, count);
      const all = listedOf(state, accountOf(call).appid, type);
      const item = all.slice(offset, offset + count).map((each) => itemOut(state, each));
      return json({ item, total_count: all.length, item_count: item.length });
    },
  },
  {
    ...common,
    method: "POST",
    path: "/cgi-bin/media/uploadvideo",
    says: "Makes of an uploaded video one that can be mass sent.",
    page: "doc/offiaccount/Message_Management/Batch_Sends_and_Originality_Checks",
    body: z.strictObject({ media_id: z.string(), title: z.string(), description: z.string() }),
    rules: [mediaRules.massVideo],
    errcodes: [40007],
    handle(state, call) {
      const { appid } = accountOf(call);
      const item = state.media.find(appid, textOf(call.body, "media_id") ?? "");
      const takesAny = state.rules.position(mediaRules.massVideo) === "any";
      const isTaken = item?.place === "temporary" || (takesAny && item?.place === "listed");
      if (item?.type !== "video" || !isTaken) throw new Refusal(40007);
      const { mediaId: _, expiresAt: __, createdAt: ___, ...video } = item;
      const words = { title: textOf(call.body, "title") ?? "", description: textOf(call.body, "description") ?? "" };
      const made = state.media.add({
        ...video,
        ...words,
        place: "mass",
        expiresAt: state.now() + state.rules.number(mediaRules.temporarySeconds) * 1000,
      });
      return json({ type: "video", media_id: made.mediaId, created_at: Math.floor(made.createdAt / 1000) });
    },
  },
];

function readFile(state: State, call: ApiCall): Pick<MediaItem, "type" | "bytes" | "contentType" | "name"> {
  const asked = call.query["type"] ?? call.files.get("type")?.bytes.toString();
  const type = (["image", "voice", "video", "thumb"] as const).find((each) => each === asked);
  if (type === undefined) throw new Refusal(40004);
  const upload = call.files.get("media");
  if (upload === undefined) throw new Refusal(41005);
  const { bytes, fileName } = upload;
  if (bytes.length === 0) throw new Refusal(44001);
  state.rules.within(sizes[type], bytes.length);
  const contentType = fileType(type, bytes);
  if (contentType === null) throw new Refusal(40005);
  return { type, bytes, contentType, name: fileName };
}

/** A permanent video brings its title and introduction in a field of JSON. */
function videoWords(type: MediaType, call: ApiCall): Pick<MediaItem, "title" | "description"> {
  if (type !== "video") return { title: "", description: "" };
  const text = call.files.get("description")?.bytes.toString() ?? "";
  const words = z.object({ title: z.string(), introduction: z.string() }).safeParse(parsed(text));
  if (!words.success) throw new Refusal(40035);
  return { title: words.data.title, description: words.data.introduction };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function listedItem(state: State, call: ApiCall): MediaItem {
  const item = state.media.find(accountOf(call).appid, textOf(call.body, "media_id") ?? "");
  if (item === undefined || (item.place !== "listed" && item.place !== "draft")) throw new Refusal(40007);
  return item;
}

function listedOf(state: State, appid: string, type: MediaType): MediaItem[] {
  return state.media.list(appid, (item) => item.place === "listed" && item.type === type);
}

function itemOut(state: State, item: MediaItem): Record<string, unknown> {
  const head = { media_id: item.mediaId, update_time: Math.floor(item.createdAt / 1000) };
  if (item.type === "news") {
    return { ...head, content: { news_item: item.articles.map((each) => articleOut(state, item, each)) } };
  }
  return { ...head, name: item.type === "video" ? item.title : item.name, url: state.media.url(item) };
}

/** An article as WeChat gives it back. */
export function articleOut(
  state: State,
  item: MediaItem,
  article: MediaItem["articles"][number],
): Record<string, unknown> {
  const thumb = state.media.find(item.appid, article.thumbMediaId);
  return {
    title: article.title,
    author: article.author,
    digest: article.digest,
    content: article.content,
    content_source_url: article.contentSourceUrl,
    thumb_media_id: article.thumbMediaId,
    thumb_url: thumb === undefined ? "" : state.media.url(thumb),
    show_cover_pic: 0,
    need_open_comment: article.needOpenComment,
    only_fans_can_comment: article.onlyFansCanComment,
    url: `${state.media.url(item)}?article=${item.articles.indexOf(article)}`,
  };
}

function fileAnswer(bytes: Buffer, contentType: string, mediaId: string): ApiAnswer {
  return { bytes, contentType, fileName: `${mediaId.slice(0, 32)}.${extensionOf(contentType)}` };
}
