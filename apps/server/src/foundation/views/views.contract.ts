import { fault } from "@zhanggui/kit/contract/fault";
import { notFound } from "@zhanggui/kit/contract/faults";
import { field } from "@zhanggui/kit/contract/field";
import { Id } from "@zhanggui/kit/contract/ids";
import { oneLine } from "@zhanggui/kit/contract/one-line";
import { authenticated, permission } from "@zhanggui/kit/contract/permission";
import { audits } from "@zhanggui/kit/contract/audited";
import { contract, route } from "@zhanggui/kit/contract/route";
import { bilingual } from "@zhanggui/kit/contract/text";
import { z } from "zod";

export const viewsShare = permission("views:share", { zh: "共享列表视图", en: "Share views of lists" }, ["operator"]);

/** Views of one account, over all lists. */
export const mostOwn = 100;
/** Views of one list that everybody of a tenant is shown. */
export const mostShared = 50;

export const nameTaken = fault("views.name_taken", 409, {
  zh: "这个列表已经有名为“{name}”的视图。",
  en: "This list has a view called “{name}” already.",
});
export const tooMany = fault("views.too_many", 422, {
  zh: "最多保存 {most} 个视图，请先删除不用的。",
  en: "At most {most} views can be kept; delete one first.",
});
export const tooManyShared = fault("views.too_many_shared", 422, {
  zh: "这个列表最多共享 {most} 个视图，请先取消共享不用的。",
  en: "At most {most} views of this list can be shared; take one back first.",
});

/** What an address may hold besides: a whole view, in characters of JSON. */
const longestQuery = 4000;
const Query = z
  .record(z.string().regex(/^\w{1,60}$/), z.string().min(1).max(1000))
  .refine((query) => JSON.stringify(query).length <= longestQuery, {
    error: bilingual({ zh: `最多 ${longestQuery} 个字符`, en: `at most ${longestQuery} characters` }),
  })
  .meta({ description: "Filters, `search` and `sort` as the console's address has them: days as `7d` stay true" });

export const View = z
  .object({
    id: Id,
    list: z.string().max(100).meta({ description: "The list's route: `audience.listPeople`" }),
    name: field(oneLine(40), { zh: "名称", en: "Name" }),
    query: Query,
    hidden: z.array(z.string().max(60)).max(100).meta({ description: "Columns that aren't shown" }),
    isDense: z.boolean(),
    /** Everybody of the tenant who may read the list is shown it. */
    isShared: z.boolean(),
    /** The list opens with it; one's own only. */
    opens: z.boolean(),
    isOwn: z.boolean(),
    ownerName: z.string(),
    withheldCount: z.int().meta({ description: "Filters, order and columns left out: of fields that one may not see" }),
  })
  .meta({ id: "View" });

const viewParams = z.object({ viewId: Id });
const { name, query, hidden, isDense, opens } = View.shape;

const followed = audits("views", {
  views_view: {
    title: "name",
    // The words that somebody searches for are in it.
    masked: ["query"],
    noun: { zh: "列表视图", en: "view of a list" },
    fields: View,
    ignored: ["created_at"],
  },
});

export const views = contract(followed, {
  list: route.get("/views", {
    summary: "One's own views and the shared ones, of the lists that one may read; of one list if it is named",
    access: authenticated,
    query: z.object({ list: View.shape.list.optional() }),
    reply: z.object({ items: z.array(View) }),
  }),
  create: route.post("/views", {
    summary: "Keep what a list is narrowed to, sorted by and shows",
    access: authenticated,
    effect: "change",
    idempotent: true,
    body: z.object({
      list: View.shape.list,
      name,
      query,
      hidden,
      isDense: isDense.default(false),
      opens: opens.default(false),
    }),
    reply: View,
    faults: [notFound, nameTaken, tooMany],
  }),
  update: route.patch("/views/:viewId", {
    summary: "Change one's own view; a shared one may be changed by whoever may share",
    access: authenticated,
    effect: "change",
    params: viewParams,
    body: z.object({ name, query, hidden, isDense, opens }).partial(),
    reply: View,
    faults: [notFound, nameTaken],
  }),
  share: route.post("/views/:viewId/share", {
    summary: "Show a view of one's own to everybody, or take a shared one back",
    access: viewsShare,
    effect: "change",
    params: viewParams,
    body: z.object({ isShared: z.boolean() }),
    reply: View,
    faults: [notFound, tooManyShared],
  }),
  delete: route.delete("/views/:viewId", {
    summary: "Delete one's own view, or, for whoever may share, a shared one",
    access: authenticated,
    effect: "change",
    params: viewParams,
    reply: z.object({}),
    faults: [notFound],
  }),
});
