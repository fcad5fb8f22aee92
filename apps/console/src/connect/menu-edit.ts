import type { Button, Leaf, Menu } from "@zhanggui/server/engines/connect/menu-shape.contract";

/** Where a button is: at the top, or below the one at the top. */
export interface Spot {
  readonly at: number;
  readonly below: number | null;
}
/** Which menu of an account: for everybody, or the conditional one at an index. */
export type Which = number | "everybody";

const emptyLeaf: Leaf = {
  name: "",
  kind: "view",
  key: "",
  url: "",
  appId: "",
  pagePath: "",
  mediaId: "",
  articleId: "",
};
export const emptyButton = (): Button => ({ ...emptyLeaf, below: [] });

export function buttonsOf(menu: Menu, which: Which): readonly Button[] {
  return which === "everybody" ? menu.buttons : (menu.conditional[which]?.buttons ?? []);
}

/** The menu with other buttons in one of its menus. */
export function withButtons(menu: Menu, which: Which, buttons: readonly Button[]): Menu {
  if (which === "everybody") return { ...menu, buttons: [...buttons] };
  const conditional = menu.conditional.map((each, at) => (at === which ? { ...each, buttons: [...buttons] } : each));
  return { ...menu, conditional };
}

export function buttonAt(buttons: readonly Button[], { at, below }: Spot): Leaf | undefined {
  return below === null ? buttons[at] : buttons[at]?.below[below];
}

export function withButton(buttons: readonly Button[], { at, below }: Spot, change: Partial<Leaf>): Button[] {
  return buttons.map((button, index) => {
    if (index !== at) return button;
    if (below === null) return { ...button, ...change };
    return { ...button, below: button.below.map((leaf, sub) => (sub === below ? { ...leaf, ...change } : leaf)) };
  });
}

/** A new one behind the others: at the top, or below the one at `under`. */
export function added(buttons: readonly Button[], under: number | null): { buttons: Button[]; spot: Spot } {
  if (under === null) return { buttons: [...buttons, emptyButton()], spot: { at: buttons.length, below: null } };
  const to = buttons[under]?.below.length ?? 0;
  const made = buttons.map((button, at) =>
    at === under ? { ...button, below: [...button.below, emptyLeaf] } : button,
  );
  return { buttons: made, spot: { at: under, below: to } };
}

export function without(buttons: readonly Button[], { at, below }: Spot): Button[] {
  if (below === null) return buttons.filter((_, index) => index !== at);
  return buttons.map((button, index) =>
    index === at ? { ...button, below: button.below.filter((_, sub) => sub !== below) } : button,
  );
}

/**
 * Puts a button to another place: among those beside it, or, where `to` is elsewhere, there. One with buttons below
 * stays at the top.
 */
export function moved(buttons: readonly Button[], from: Spot, to: Spot): { buttons: Button[]; spot: Spot } {
  const button = buttonAt(buttons, from);
  const stays = { buttons: [...buttons], spot: from };
  if (button === undefined) return stays;
  const hasBelow = "below" in button && (button as Button).below.length > 0;
  if (to.below !== null && (hasBelow || (from.below === null && from.at === to.at))) return stays;
  const rest = without(buttons, from);
  // What stood behind it has moved up.
  const at = from.below === null && from.at < to.at && to.below !== null ? to.at - 1 : to.at;
  const { below: _, ...leaf } = { ...emptyButton(), ...button };
  if (to.below === null) {
    const whole = from.below === null ? (button as Button) : { ...leaf, below: [] };
    rest.splice(Math.max(0, Math.min(at, rest.length)), 0, whole);
    return { buttons: rest, spot: { at: Math.max(0, Math.min(at, rest.length - 1)), below: null } };
  }
  const target = rest[at];
  if (target === undefined) return stays;
  const below = [...target.below];
  const sub = Math.max(0, Math.min(to.below, below.length));
  below.splice(sub, 0, leaf);
  rest[at] = { ...target, below };
  return { buttons: rest, spot: { at, below: sub } };
}
