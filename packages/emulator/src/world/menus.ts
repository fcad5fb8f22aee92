import type { Account, Bond, MenuButton } from "./model.ts";
import type { State } from "./state.ts";

/** The menu that a user sees: the last added of those for some that fits, else the one for everybody. */
export function menuFor(
  state: State,
  account: Account,
  bond: Pick<Bond, "puppetId" | "tagIds">,
): { menuId: string; button: MenuButton[] } | null {
  if (account.menu === null) return null;
  const { platform } = state.puppet(bond.puppetId);
  const own = account.conditionalMenus.findLast(
    ({ matchRule }) =>
      (matchRule.tagId === null || bond.tagIds.includes(matchRule.tagId)) &&
      (matchRule.platform === null || matchRule.platform === platform),
  );
  return own ?? { menuId: account.menuId ?? "", button: account.menu };
}
