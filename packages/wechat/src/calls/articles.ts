import { z } from "zod";
import { assertBetween, atMostOnce, Done, get, idempotent, LongId, post, read } from "../call.ts";
import { Article, pageRequest } from "./media.ts";

/** Articles of a draft, and what each may hold. */
export const articleLimits = { perDraft: 8, titleCharacters: 32, digestCharacters: 128 } as const;

export interface NewArticle {
  readonly title: string;
  readonly content: string;
  /** A picture of the library. */
  readonly thumbMediaId: string;
  readonly author?: string | undefined;
  readonly digest?: string | undefined;
  readonly sourceUrl?: string | undefined;
}

function articleOut({ title, content, thumbMediaId, author, digest, sourceUrl }: NewArticle): object {
  return { title, content, thumb_media_id: thumbMediaId, author, digest, content_source_url: sourceUrl };
}

export const addDraft = post("/cgi-bin/draft/add", {
  page: "doc/offiaccount/Draft_Box/Add_draft",
  effect: atMostOnce,
  request({ articles }: { articles: readonly NewArticle[] }) {
    assertBetween("the number of articles", articles.length, 1, articleLimits.perDraft);
    return { body: { articles: articles.map(articleOut) } };
  },
  reply: z.object({ media_id: z.string() }).transform(({ media_id }) => ({ mediaId: media_id })),
});

/** Changes the article at `index`, from 0. */
export const updateDraft = post("/cgi-bin/draft/update", {
  page: "doc/offiaccount/Draft_Box/Update_draft",
  effect: idempotent(),
  request: ({ mediaId, index, article }: { mediaId: string; index: number; article: NewArticle }) => ({
    body: { media_id: mediaId, index, articles: articleOut(article) },
  }),
  reply: Done,
});

const mediaRequest = ({ mediaId }: { mediaId: string }) => ({ body: { media_id: mediaId } });
const News = z.object({ news_item: z.array(Article) }).transform(({ news_item }) => news_item);

export const getDraft = post("/cgi-bin/draft/get", {
  page: "doc/offiaccount/Draft_Box/Get_draft",
  effect: read,
  request: mediaRequest,
  reply: News,
});

export const deleteDraft = post("/cgi-bin/draft/delete", {
  page: "doc/offiaccount/Draft_Box/Delete_draft",
  effect: idempotent(40007),
  request: mediaRequest,
  reply: Done,
});

export const countDrafts = get("/cgi-bin/draft/count", {
  page: "doc/offiaccount/Draft_Box/Count_drafts",
  effect: read,
  reply: z.object({ total_count: z.number() }).transform(({ total_count }) => total_count),
});

const contentOf = z.object({ news_item: z.array(Article) });
const listRequest = ({ hasContent = false, ...page }: { offset: number; count: number; hasContent?: boolean }) => ({
  body: { ...pageRequest(page), no_content: hasContent ? 0 : 1 },
});

/** The drafts, twenty at a time, the newest first. */
export const listDrafts = post("/cgi-bin/draft/batchget", {
  page: "doc/offiaccount/Draft_Box/Get_draft_list",
  effect: read,
  request: listRequest,
  reply: z
    .object({
      total_count: z.number(),
      item: z.array(z.object({ media_id: z.string(), content: contentOf, update_time: z.number() })),
    })
    .transform(({ total_count, item }) => ({
      total: total_count,
      items: item.map(({ media_id, content, update_time }) => ({
        mediaId: media_id,
        articles: content.news_item,
        updatedAt: new Date(update_time * 1_000),
      })),
    })),
});

/** Publishes a draft, which is gone then; PUBLISHJOBFINISH tells how it went. */
export const publishDraft = post("/cgi-bin/freepublish/submit", {
  page: "doc/offiaccount/Publish/Publish",
  effect: atMostOnce,
  request: mediaRequest,
  reply: z.object({ publish_id: LongId }).transform(({ publish_id }) => ({ publishId: publish_id })),
});

/** `status` 0 published, 1 under way, 2 original check failed, 3 failed, 4 refused, 5 deleted, 6 banned. */
export const publishingState = post("/cgi-bin/freepublish/get", {
  page: "doc/offiaccount/Publish/Get_status",
  effect: read,
  request: ({ publishId }: { publishId: string }) => ({ body: { publish_id: publishId } }),
  reply: z
    .object({ publish_status: z.number(), article_id: z.string().optional() })
    .transform(({ publish_status, article_id }) => ({ status: publish_status, articleId: article_id })),
});

const articleRequest = ({ articleId }: { articleId: string }) => ({ body: { article_id: articleId } });

/** Takes down what was published, for good. */
export const deletePublished = post("/cgi-bin/freepublish/delete", {
  page: "doc/offiaccount/Publish/Delete_posts",
  effect: idempotent(53600),
  request: articleRequest,
  reply: Done,
});

export const getPublished = post("/cgi-bin/freepublish/getarticle", {
  page: "doc/offiaccount/Publish/Get_article_from_id",
  effect: read,
  request: articleRequest,
  reply: News,
});

/** What was published, twenty at a time, the newest first. */
export const listPublished = post("/cgi-bin/freepublish/batchget", {
  page: "doc/offiaccount/Publish/Get_publication_records",
  effect: read,
  request: listRequest,
  reply: z
    .object({
      total_count: z.number(),
      item: z.array(z.object({ article_id: z.string(), content: contentOf, update_time: z.number() })),
    })
    .transform(({ total_count, item }) => ({
      total: total_count,
      items: item.map(({ article_id, content, update_time }) => ({
        articleId: article_id,
        articles: content.news_item,
        updatedAt: new Date(update_time * 1_000),
      })),
    })),
});
