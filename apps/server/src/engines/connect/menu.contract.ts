import { fault } from "@zhanggui/kit/contract/fault";
import { notFound } from "@zhanggui/kit/contract/faults";
import { Id } from "@zhanggui/kit/contract/ids";
import { permission, type Permission } from "@zhanggui/kit/contract/permission";
import { route } from "@zhanggui/kit/contract/route";
import { Instant } from "@zhanggui/kit/contract/time";
import { z } from "zod";
import { appOff, boundElsewhere, wechatRefused, wechatUnreachable } from "./call.contract.ts";
import { Menu, MenuLimits } from "./menu-shape.contract.ts";

export const menusWrite = permission(
  "connect:menus",
  { zh: "编辑和发布公众号菜单", en: "Edit and publish menus of official accounts" },
  ["operator"],
);

export const menuBroken = fault("connect.menu_broken", 422, {
  zh: "菜单不符合微信的规则，请修改标出的地方。",
  en: "The menu breaks WeChat's rules: change what is marked.",
});
export const menuPublishing = fault("connect.menu_publishing", 409, {
  zh: "这个菜单正在发布，请稍后再试。",
  en: "The menu is being published just now; try again in a moment.",
});

export const versionStates = {
  publishing: { zh: "发布中", en: "Being published", tone: "info" },
  published: { zh: "已发布", en: "Published", tone: "good" },
  refused: { zh: "被微信拒绝", en: "Refused by WeChat", tone: "bad" },
  unknown: { zh: "结果未知", en: "Outcome unknown", tone: "warn" },
} as const;
const Version = z
  .object({
    number: z.int(),
    state: z.enum(["publishing", "published", "refused", "unknown"]),
    errcode: z.int().nullable(),
    publishedAt: Instant,
    publishedBy: z.string(),
    menu: Menu,
  })
  .meta({ id: "WechatMenuVersion" });
const Desk = z
  .object({
    draft: Menu,
    /** 0: nobody has saved one yet. */
    revision: z.int(),
    changedAt: Instant.nullable(),
    changedBy: z.string().nullable(),
    /** What WeChat took last; null: nothing from here. */
    published: Version.nullable(),
    limits: MenuLimits,
  })
  .meta({ id: "WechatMenuDesk" });
const Live = z
  .object({
    askedAt: Instant,
    /** Null: the account has none. */
    menu: Menu.nullable(),
    /**
     * `published`: what was last published from here; `none`: there is none, and none was published; `elsewhere`:
     * somebody changed it elsewhere.
     */
    source: z.enum(["published", "none", "elsewhere"]),
    /** Whether the draft would change anything. */
    isDraft: z.boolean(),
    /** How many buttons are of kinds that aren't known here: they are left out of `menu`. */
    unknownButtons: z.int(),
  })
  .meta({ id: "WechatMenuLive" });
const Trouble = z.object({ zh: z.string(), en: z.string() }).nullable();

const params = z.object({ wechatAppId: Id });
const path = "/wechat/apps/:wechatAppId/menu" as const;

/** @param read whoever sees apps */
export const menuRoutes = (read: Permission) =>
  ({
    getMenu: route.get(path, {
      summary: "The draft of an app's menu, what was published last, and WeChat's limits",
      access: read,
      params,
      reply: Desk,
      faults: [notFound],
    }),
    saveMenu: route.put(`${path}/draft`, {
      summary: "Save the draft; it may still break WeChat's rules",
      access: menusWrite,
      effect: "change",
      params,
      ifMatch: true,
      body: z.object({ draft: Menu }),
      reply: Desk,
      faults: [notFound],
    }),
    publishMenu: route.post(`${path}/publish`, {
      summary: "Make the draft the account's menu at WeChat, menus for some included; an empty one takes it down",
      access: menusWrite,
      effect: "reach_people",
      params,
      ifMatch: true,
      reply: Desk,
      faults: [notFound, appOff, menuBroken, menuPublishing, boundElsewhere, wechatRefused, wechatUnreachable],
    }),
    getLiveMenu: route.get(`${path}/live`, {
      summary: "What WeChat shows as the account's menu now, beside what was published and what is drafted",
      access: read,
      params,
      reply: Live,
      faults: [notFound, boundElsewhere, wechatRefused, wechatUnreachable],
    }),
    listMenuVersions: route.get(`${path}/versions`, {
      summary: "What was published, the latest first; the last fifty",
      access: read,
      params,
      reply: z.object({ items: z.array(Version) }),
      faults: [notFound],
    }),
    takeMenuBack: route.post(`${path}/versions/:number/draft`, {
      summary: "Make an earlier version the draft again; it is published by itself",
      access: menusWrite,
      effect: "change",
      params: params.extend({ number: z.coerce.number().int().min(1) }),
      ifMatch: true,
      reply: Desk,
      faults: [notFound],
    }),
    getMenuTargets: route.get(`${path}/targets`, {
      summary: "What buttons and conditions can name: the account's tags, its material and what it has published",
      access: read,
      params,
      reply: z.object({
        tags: z.array(z.object({ id: z.int(), name: z.string(), count: z.int() })),
        media: z.array(
          z.object({ mediaId: z.string(), name: z.string(), kind: z.enum(["image", "voice", "video", "news"]) }),
        ),
        articles: z.array(z.object({ articleId: z.string(), title: z.string() })),
        /** Why one of them is empty, if it isn't because there is nothing. */
        trouble: z.object({ tags: Trouble, media: Trouble, articles: Trouble }),
      }),
      faults: [notFound],
    }),
  }) as const;
