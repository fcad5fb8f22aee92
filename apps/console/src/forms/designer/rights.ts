import type { RouteData } from "@zhanggui/kit/contract/data";
import { permissionsOf } from "@zhanggui/kit/contract/permission";
import type { Contract } from "@zhanggui/kit/contract/route";
import { contracts } from "@zhanggui/server/contracts";
import type { LocalizedText } from "@zhanggui/kit/contract/text";

/** Every right that a route or one of its fields asks for, in the order of the modules: what roles can grant. */
export function everyRight(): ReadonlyMap<string, LocalizedText> {
  const routes = Object.values<Contract>(contracts).flatMap((contract) => Object.values(contract));
  const asked = routes.flatMap((route) => [
    ...permissionsOf(route.access),
    ...((route as RouteData).fieldPermissions ?? []),
  ]);
  return new Map(asked.map(({ code, text }) => [code, text]));
}
