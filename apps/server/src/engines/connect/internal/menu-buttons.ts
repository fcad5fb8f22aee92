import { type MenuButton, type MenuMatch, isSameMenu } from "@zhanggui/wechat/calls/menus";
import {
  type Button,
  type ButtonKind,
  buttonKinds,
  type ButtonPart,
  type Conditional,
  type Leaf,
  type Menu,
} from "../menu-shape.contract.ts";

/** WeChat's names of what buttons have. */
const names = {
  key: "key",
  url: "url",
  appId: "appid",
  pagePath: "pagepath",
  mediaId: "media_id",
  articleId: "article_id",
} as const satisfies Record<ButtonPart, string>;
type WechatLeaf = Extract<MenuButton, { type: string }>;

/** Buttons as WeChat takes them: only what their kinds use. */
export function toWechat(buttons: readonly Button[]): MenuButton[] {
  return buttons.map((button) =>
    button.below.length === 0 ? leafOut(button) : { name: button.name, sub_button: button.below.map(leafOut) },
  );
}

function leafOut(leaf: Leaf): WechatLeaf {
  const parts = buttonKinds[leaf.kind].parts.map((part) => [names[part], leaf[part].trim()]);
  return { type: leaf.kind, name: leaf.name, ...Object.fromEntries(parts) } as WechatLeaf;
}

/** Buttons as WeChat tells them, with how many were of kinds that nobody knows here: those are left out. */
export function fromWechat(given: readonly MenuButton[]): { buttons: Button[]; unknown: number } {
  let unknown = 0;
  const leaves = (found: readonly MenuButton[]): Leaf[] =>
    found.flatMap((each) => {
      const type = "type" in each ? each.type : "";
      if (Object.hasOwn(buttonKinds, type)) return [leafIn(each as WechatLeaf, type as ButtonKind)];
      unknown += 1;
      return [];
    });
  const buttons = given.flatMap((button): Button[] => {
    const below = (button.sub_button ?? []) as readonly MenuButton[];
    if (below.length === 0) return leaves([button]).map((leaf) => ({ ...leaf, below: [] }));
    return [{ ...blank, name: button.name, below: leaves(below) }];
  });
  return { buttons, unknown };
}

const blank: Leaf = { name: "", kind: "view", key: "", url: "", appId: "", pagePath: "", mediaId: "", articleId: "" };

function leafIn(button: WechatLeaf, kind: ButtonKind): Leaf {
  const parts = Object.entries(names).map(([part, name]) => {
    const value: unknown = button[name];
    return [part, typeof value === "string" ? value : ""];
  });
  return { ...blank, name: button.name, kind, ...(Object.fromEntries(parts) as Partial<Leaf>) };
}

export function matchOf({ tagId, platform }: Conditional): MenuMatch {
  return { ...(tagId === null ? {} : { tagId }), ...(platform === null ? {} : { platform }) };
}

/** Whether two menus show everybody the same. */
export function isSame(one: Menu, other: Menu): boolean {
  return (
    isSameMenu(toWechat(one.buttons), toWechat(other.buttons)) &&
    one.conditional.length === other.conditional.length &&
    one.conditional.every((menu, at) => {
      const { tagId, platform, buttons } = other.conditional[at] ?? menu;
      return (
        menu.tagId === tagId && menu.platform === platform && isSameMenu(toWechat(menu.buttons), toWechat(buttons))
      );
    })
  );
}
