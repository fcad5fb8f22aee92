import type { MenuButton } from "../world/model.ts";
import { accountOf, json, okAnswer, textOf } from "./answers.ts";
import { type KnownErrcode, Refusal } from "./errcodes.ts";
import type { ApiRoute } from "./gateway.ts";
import { menuRules } from "./limits.ts";

const buttonTypes: readonly string[] = [
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
  "article_id",
];

/** The account's menu: three buttons, five under each. Source: doc/service/guide/product/menu. */
export const menuRoutes: readonly ApiRoute[] = [
  {
    method: "POST",
    path: "/cgi-bin/menu/create",
    access: "token",
    handle(state, call) {
      const buttons = call.body["button"];
      if (!Array.isArray(buttons) || buttons.length < 1 || buttons.length > menuRules.buttons) throw new Refusal(40016);
      accountOf(call).menu = buttons.map((button) => readButton(button, false));
      state.tell({ type: "world" });
      return okAnswer;
    },
  },
  {
    method: "GET",
    path: "/cgi-bin/menu/get",
    access: "token",
    handle(_state, call) {
      const { menu } = accountOf(call);
      if (menu === null) throw new Refusal(46003);
      return json({ menu: { button: menu.map((button) => ({ ...button, sub_button: button.sub_button ?? [] })) } });
    },
  },
  {
    method: "GET",
    path: "/cgi-bin/menu/delete",
    access: "token",
    handle(state, call) {
      accountOf(call).menu = null;
      state.tell({ type: "world" });
      return okAnswer;
    },
  },
];

function readButton(input: unknown, isSub: boolean): MenuButton {
  if (typeof input !== "object" || input === null) throw new Refusal(47001);
  const button = input as Record<string, unknown>;
  const name = textOf(button, "name") ?? "";
  const nameBytes = isSub ? menuRules.subNameBytes : menuRules.nameBytes;
  checkSize(name, nameBytes, isSub ? 40025 : 40018);
  const subs = button["sub_button"];
  if (Array.isArray(subs) && subs.length > 0) {
    // Recalled: a third level answers like a wrong number of sub-buttons.
    if (isSub || subs.length > menuRules.subButtons) throw new Refusal(40023);
    return { name, sub_button: subs.map((sub) => readButton(sub, true)) };
  }
  return readLeaf(button, name, isSub);
}

function readLeaf(button: Record<string, unknown>, name: string, isSub: boolean): MenuButton {
  const type = textOf(button, "type") ?? "";
  if (!buttonTypes.includes(type)) throw new Refusal(isSub ? 40024 : 40017);
  const leaf: MenuButton = { type, name };
  for (const part of ["key", "url", "appid", "pagepath", "media_id", "article_id"] as const) {
    const text = textOf(button, part);
    if (text !== null) leaf[part] = text;
  }
  if (type === "view" || type === "miniprogram") {
    checkSize(leaf.url ?? "", menuRules.urlBytes, isSub ? 40027 : 40020);
  } else if (type !== "media_id" && type !== "article_id") {
    checkSize(leaf.key ?? "", menuRules.keyBytes, isSub ? 40026 : 40019);
  }
  return leaf;
}

function checkSize(text: string, maxBytes: number, errcode: KnownErrcode): void {
  const bytes = Buffer.byteLength(text);
  if (bytes < 1 || bytes > maxBytes) throw new Refusal(errcode);
}
