import { z } from "zod";
import { assertBetween, Done, get, idempotent, LongId, post, read } from "../call.ts";
import type { Ask } from "../call.ts";
import { WechatError } from "../transport.ts";

const page = "doc/service/guide/product/menu";
const conditionalPage = "doc/offiaccount/Custom_Menus/Personalized_menu_interface";

/** Every type of button that opens or says something. */
export const buttonTypes = [
  "click",
  "view",
  "miniprogram",
  "scancode_push",
  "scancode_waitmsg",
  "pic_sysphoto",
  "pic_photo_or_album",
  "pic_weixin",
  "location_select",
  "media_id",
  "view_limited",
  "article_id",
  "article_view_limited",
] as const;
export type ButtonType = (typeof buttonTypes)[number];

/** Three buttons, five below each; bytes of names, keys and addresses, at the top and below. */
export const menuLimits = {
  buttons: 3,
  subButtons: 5,
  nameBytes: 16,
  subNameBytes: 60,
  keyBytes: 128,
  urlBytes: 1_024,
} as const;

const LeafButton = z.looseObject({
  // WeChat may add kinds, and the present menu must still be read.
  type: z.union([z.enum(buttonTypes), z.string()]),
  name: z.string(),
  key: z.string().optional(),
  url: z.string().optional(),
  appid: z.string().optional(),
  pagepath: z.string().optional(),
  media_id: z.string().optional(),
  article_id: z.string().optional(),
});
const MenuButton = z.union([
  z.object({ name: z.string(), sub_button: z.array(LeafButton).min(1) }),
  LeafButton.extend({ sub_button: z.array(LeafButton).max(0).optional() }),
]);
/** A button in WeChat's own field names: either a leaf with a type, or a name with `sub_button`. */
export type MenuButton = z.input<typeof MenuButton>;

const MatchRule = z
  .object({
    tag_id: z.union([z.string(), z.number()]).optional(),
    client_platform_type: z.union([z.string(), z.number()]).optional(),
  })
  .transform((rule) => ({
    tagId: rule.tag_id === undefined || rule.tag_id === "" ? undefined : Number(rule.tag_id),
    platform: platformOf(rule.client_platform_type),
  }));
/** Whom a conditional menu is for: those who have a tag, use a platform, or both. */
export interface MenuMatch {
  readonly tagId?: number | undefined;
  readonly platform?: "ios" | "android" | "other" | undefined;
}
const platformNumbers = { ios: "1", android: "2", other: "3" } as const;

function platformOf(number: string | number | undefined): MenuMatch["platform"] {
  const found = Object.entries(platformNumbers).find(([, each]) => each === String(number));
  return found?.[0] as MenuMatch["platform"];
}

const Menus = z
  .object({
    menu: z.object({ button: z.array(MenuButton) }),
    conditionalmenu: z
      .array(z.object({ button: z.array(MenuButton), matchrule: MatchRule, menuid: LongId }))
      .optional(),
  })
  .transform(({ menu, conditionalmenu = [] }) => ({
    buttons: menu.button,
    conditional: conditionalmenu.map(({ button, matchrule, menuid }) => ({
      buttons: button,
      match: matchrule as MenuMatch,
      menuId: menuid,
    })),
  }));
export type Menus = z.output<typeof Menus>;

/** The menus that the API made, with the conditional ones. Refused with 46003 when there are none: see `menusOf`. */
export const getMenus = get("/cgi-bin/menu/get", { page, effect: read, reply: Menus });

/** `getMenus`; null when there are none. */
export async function menusOf(client: { call: Ask }): Promise<Menus | null> {
  try {
    return await client.call(getMenus);
  } catch (error) {
    if (error instanceof WechatError && error.errcode === 46003) return null;
    throw error;
  }
}

function buttonsOf(buttons: readonly MenuButton[]): readonly MenuButton[] {
  assertBetween("the number of buttons", buttons.length, 1, menuLimits.buttons);
  for (const { sub_button: subs } of buttons) {
    // A leaf read back from WeChat carries an empty list.
    if (subs?.length) assertBetween("the number of sub-buttons", subs.length, 1, menuLimits.subButtons);
  }
  return buttons;
}

/** Replaces the whole menu for everybody. */
export const createMenu = post("/cgi-bin/menu/create", {
  page,
  effect: idempotent(),
  request: ({ buttons }: { buttons: readonly MenuButton[] }) => ({ body: { button: buttonsOf(buttons) } }),
  reply: Done,
});

/** Deletes the conditional menus too. */
export const deleteMenus = get("/cgi-bin/menu/delete", { page, effect: idempotent(), reply: Done });

interface NewConditionalMenu {
  readonly buttons: readonly MenuButton[];
  readonly match: MenuMatch;
}

/** A menu for some; the one for everybody must be there (65303). */
export const addConditionalMenu = post("/cgi-bin/menu/addconditional", {
  page: conditionalPage,
  effect: {
    kind: "queryable",
    // The same for the same people is what was wanted, whichever try made it.
    async find(ask, { buttons, match }: NewConditionalMenu) {
      const menus = await menusOf({ call: ask });
      const wanted = shapeOf(buttons, match);
      const found = menus?.conditional.findLast((menu) => shapeOf(menu.buttons, menu.match) === wanted);
      return found && { menuId: found.menuId };
    },
  },
  request: ({ buttons, match }: NewConditionalMenu) => ({
    body: {
      button: buttonsOf(buttons),
      matchrule: {
        tag_id: match.tagId === undefined ? undefined : String(match.tagId),
        client_platform_type: match.platform && platformNumbers[match.platform],
      },
    },
  }),
  reply: z.object({ menuid: LongId }).transform(({ menuid }) => ({ menuId: menuid })),
});

/** Two menus are the same when their buttons are, whatever order WeChat writes fields in. */
function shapeOf(buttons: readonly MenuButton[], { tagId, platform }: MenuMatch): string {
  return JSON.stringify([buttons.map(plainButton), tagId ?? null, platform ?? null]);
}

function plainButton(button: MenuButton): unknown {
  const { sub_button: subs = [], ...fields } = button;
  const own = Object.entries(fields)
    .filter(([, value]) => value !== undefined && value !== "")
    .sort(([one], [other]) => (one < other ? -1 : 1));
  return [own, subs.map(plainButton)];
}

/** Whether two menus show the same, whatever order their fields came in. */
export function isSameMenu(one: readonly MenuButton[], other: readonly MenuButton[]): boolean {
  return shapeOf(one, {}) === shapeOf(other, {});
}

export const deleteConditionalMenu = post("/cgi-bin/menu/delconditional", {
  page: conditionalPage,
  effect: idempotent(65301),
  request: ({ menuId }: { menuId: string }) => ({ body: { menuid: menuId } }),
  reply: Done,
});

/** Which menu a follower sees. */
export const menuOfUser = post("/cgi-bin/menu/trymatch", {
  page: conditionalPage,
  effect: read,
  request: ({ openid }: { openid: string }) => ({ body: { user_id: openid } }),
  reply: z.object({ button: z.array(MenuButton) }).transform(({ button }) => button),
});

const ListedButton = z.looseObject({
  name: z.string(),
  sub_button: z.object({ list: z.array(LeafButton) }).optional(),
});
/** The menu as it stands, also one that was made on WeChat's own pages. */
export const presentMenu = get("/cgi-bin/get_current_selfmenu_info", {
  page: "doc/offiaccount/Custom_Menus/Querying_Custom_Menus",
  effect: read,
  reply: z
    .object({
      is_menu_open: z.number(),
      selfmenu_info: z.object({ button: z.array(ListedButton) }).optional(),
    })
    .transform(({ is_menu_open, selfmenu_info }) => ({
      isOpen: is_menu_open === 1,
      buttons: (selfmenu_info?.button ?? []).map(({ sub_button, ...button }) =>
        sub_button === undefined ? button : { ...button, sub_button: sub_button.list },
      ),
    })),
});
