import { z } from "zod";
import { MenuButtonShape } from "../world/menu-shape.ts";
import { menuFor } from "../world/menus.ts";
import type { Account, ConditionalMenu, MenuButton } from "../world/model.ts";
import type { State } from "../world/state.ts";
import { accountOf, bondOf, json, numberOf, objectOf, okAnswer, textOf } from "./answers.ts";
import { type KnownErrcode, Refusal } from "./errcodes.ts";
import { menuRules } from "./limits.ts";
import type { ApiCall, ApiRoute } from "./route.ts";

const keyTypes: readonly string[] = [
  "click",
  "scancode_push",
  "scancode_waitmsg",
  "pic_sysphoto",
  "pic_photo_or_album",
  "pic_weixin",
  "location_select",
];
const mediaTypes: readonly string[] = ["media_id", "view_limited"];
const articleTypes: readonly string[] = ["article_id", "article_view_limited"];
const buttonTypes = [...keyTypes, ...mediaTypes, ...articleTypes, "view", "miniprogram"];

const page = "doc/service/guide/product/menu";
const conditionalPage = "doc/offiaccount/Custom_Menus/Personalized_menu_interface";
const common = { access: "token", right: "menu" } as const;
const MatchRule = z.strictObject({
  tag_id: z.union([z.string(), z.number()]).optional(),
  client_platform_type: z.union([z.string(), z.number()]).optional(),
});
const menuErrcodes: readonly KnownErrcode[] = [40007, 40013, 40017, 40022, 40024, 40033, 40035, 40054, 40055, 53600];
const menuLimits = Object.values(menuRules);
const platforms: Readonly<Record<string, string>> = { "1": "ios", "2": "android", "3": "other" };

/** The account's menu: three buttons, five under each, and menus for those who match. */
export const menuRoutes: readonly ApiRoute[] = [
  {
    ...common,
    method: "POST",
    path: "/cgi-bin/menu/create",
    says: "Sets the account's menu.",
    page,
    perDay: 1_000,
    body: z.strictObject({ button: z.array(MenuButtonShape) }),
    rules: menuLimits,
    errcodes: menuErrcodes,
    handle(state, call) {
      const account = accountOf(call);
      account.menu = readButtons(state, account, call);
      account.menuId = newMenuId(state);
      state.tell({ type: "world" });
      return okAnswer;
    },
  },
  {
    ...common,
    method: "GET",
    path: "/cgi-bin/menu/get",
    says: "Gives the menu, and those for some.",
    page,
    perDay: 10_000,
    errcodes: [46003],
    handle(_state, call) {
      const { menu, menuId, conditionalMenus } = accountOf(call);
      if (menu === null) throw new Refusal(46003);
      const own = { button: menu.map(buttonOut) };
      if (conditionalMenus.length === 0) return json({ menu: own });
      return json({
        menu: { ...own, menuid: Number(menuId) },
        conditionalmenu: conditionalMenus.map(conditionalOut),
      });
    },
  },
  {
    ...common,
    method: "GET",
    path: "/cgi-bin/menu/delete",
    says: "Takes the menu down, and those for some with it.",
    page,
    perDay: 1_000,
    handle(state, call) {
      Object.assign(accountOf(call), { menu: null, menuId: null, conditionalMenus: [] });
      state.tell({ type: "world" });
      return okAnswer;
    },
  },
  {
    ...common,
    method: "POST",
    path: "/cgi-bin/menu/addconditional",
    says: "Adds a menu for those with a tag or a kind of phone.",
    page: conditionalPage,
    perDay: 2_000,
    body: z.strictObject({ button: z.array(MenuButtonShape), matchrule: MatchRule }),
    rules: menuLimits,
    errcodes: [...menuErrcodes, 45159, 65303, 65305],
    handle(state, call) {
      const account = accountOf(call);
      // There must be one for everybody else first.
      if (account.menu === null) throw new Refusal(65303);
      const added: ConditionalMenu = {
        menuId: newMenuId(state),
        button: readButtons(state, account, call),
        matchRule: readRule(account, call),
      };
      account.conditionalMenus.push(added);
      state.tell({ type: "world" });
      return json({ menuid: added.menuId });
    },
  },
  {
    ...common,
    method: "POST",
    path: "/cgi-bin/menu/delconditional",
    says: "Deletes a menu for some.",
    page: conditionalPage,
    perDay: 2_000,
    body: z.strictObject({ menuid: z.union([z.string(), z.number()]) }),
    errcodes: [65301],
    handle(state, call) {
      const account = accountOf(call);
      const menuId = String(call.body["menuid"]);
      const kept = account.conditionalMenus.filter((menu) => menu.menuId !== menuId);
      if (kept.length === account.conditionalMenus.length) throw new Refusal(65301);
      account.conditionalMenus = kept;
      state.tell({ type: "world" });
      return okAnswer;
    },
  },
  {
    ...common,
    method: "POST",
    path: "/cgi-bin/menu/trymatch",
    says: "Tells which menu a user sees.",
    page: conditionalPage,
    perDay: 20_000,
    body: z.strictObject({ user_id: z.string() }),
    errcodes: [40003, 46003, 49003],
    handle(state, call) {
      const account = accountOf(call);
      const found = menuFor(state, account, bondOf(state, account, textOf(call.body, "user_id") ?? ""));
      if (found === null) throw new Refusal(46003);
      return json({ button: found.button.map(buttonOut) });
    },
  },
  {
    method: "GET",
    path: "/cgi-bin/get_current_selfmenu_info",
    says: "Tells the menu as it stands, whoever made it.",
    page: "doc/offiaccount/Custom_Menus/Querying_Custom_Menus",
    access: "token",
    perDay: 10_000,
    handle(_state, call) {
      const { menu } = accountOf(call);
      if (menu === null) return json({ is_menu_open: 0 });
      const button = menu.map(({ sub_button: subs, ...one }) =>
        subs === undefined ? one : { ...one, sub_button: { list: subs } },
      );
      return json({ is_menu_open: 1, selfmenu_info: { button } });
    },
  },
];

function newMenuId(state: State): string {
  return String(430_000_000 + state.count("menu"));
}

function buttonOut(button: MenuButton): MenuButton {
  return { ...button, sub_button: button.sub_button ?? [] };
}

function conditionalOut({ menuId, button, matchRule }: ConditionalMenu): Record<string, unknown> {
  const platform = Object.entries(platforms).find(([, name]) => name === matchRule.platform)?.[0];
  return {
    button: button.map(buttonOut),
    matchrule: {
      ...(matchRule.tagId === null ? {} : { tag_id: String(matchRule.tagId) }),
      ...(platform === undefined ? {} : { client_platform_type: platform }),
    },
    menuid: Number(menuId),
  };
}

function readRule(account: Account, call: ApiCall): ConditionalMenu["matchRule"] {
  const rule = objectOf(call.body, "matchrule") ?? {};
  const tagId = numberOf(rule, "tag_id");
  const platformId = numberOf(rule, "client_platform_type");
  if (tagId === null && platformId === null) throw new Refusal(65305);
  if (tagId !== null && !account.tags.some(({ id }) => id === tagId)) throw new Refusal(45159);
  const platform =
    platformId === null ? null : Object.entries(platforms).find(([id]) => id === String(platformId))?.[1];
  if (platform === undefined) throw new Refusal(65305);
  return { tagId, platform };
}

function readButtons(state: State, account: Account, call: ApiCall): MenuButton[] {
  // "\u4e2d" is JSON, but a menu must be UTF-8 as it is.
  const text = call.raw.toString("utf8");
  if (text.includes("\uFFFD") || /\\u[0-9a-f]{4}/i.test(text)) throw new Refusal(40033);
  const buttons = call.body["button"];
  if (!Array.isArray(buttons)) throw new Refusal(40035);
  state.rules.within(menuRules.buttons, buttons.length);
  return buttons.map((button) => readButton({ state, account, isSub: false }, button));
}

interface Place {
  state: State;
  account: Account;
  isSub: boolean;
}

function readButton(place: Place, input: unknown): MenuButton {
  const { state, isSub } = place;
  const button = objectOf({ input }, "input");
  if (button === null) throw new Refusal(40035);
  const name = textOf(button, "name") ?? "";
  state.rules.within(isSub ? menuRules.subNameBytes : menuRules.nameBytes, Buffer.byteLength(name));
  const subs = button["sub_button"];
  if (!Array.isArray(subs) || subs.length === 0) return readLeaf(place, button, name);
  if (isSub) throw new Refusal(40022);
  state.rules.within(menuRules.subButtons, subs.length);
  return { name, sub_button: subs.map((sub) => readButton({ ...place, isSub: true }, sub)) };
}

function readLeaf(place: Place, button: Record<string, unknown>, name: string): MenuButton {
  const { isSub } = place;
  const type = textOf(button, "type") ?? "";
  if (!buttonTypes.includes(type)) throw new Refusal(isSub ? 40024 : 40017);
  const leaf: MenuButton = { type, name };
  for (const part of ["key", "url", "appid", "pagepath", "media_id", "article_id"] as const) {
    const text = textOf(button, part);
    if (text !== null) leaf[part] = text;
  }
  checkLeaf(place, type, leaf);
  return leaf;
}

function checkLeaf({ state, account, isSub }: Place, type: string, leaf: MenuButton): void {
  const { key = "", url = "", appid = "", pagepath = "", media_id: mediaId = "", article_id: articleId = "" } = leaf;
  if (keyTypes.includes(type))
    state.rules.within(isSub ? menuRules.subKeyBytes : menuRules.keyBytes, Buffer.byteLength(key));
  if (type === "view" || type === "miniprogram") {
    state.rules.within(isSub ? menuRules.subUrlBytes : menuRules.urlBytes, Buffer.byteLength(url));
    if (!/^https?:\/\/[^/\s]/i.test(url)) throw new Refusal(isSub ? 40054 : 40055);
  }
  if (type === "miniprogram") {
    if (appid === "") throw new Refusal(40013);
    if (pagepath === "") throw new Refusal(40035);
  }
  if (mediaTypes.includes(type) && state.media.find(account.appid, mediaId)?.place !== "listed")
    throw new Refusal(40007);
  if (articleTypes.includes(type) && !account.publishings.some((each) => each.articleId === articleId))
    throw new Refusal(53600);
}
