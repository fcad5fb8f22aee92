import { permissionsOf } from "@zhanggui/kit/contract/permission";
import type { Contract } from "@zhanggui/kit/contract/route";
import { contracts } from "@zhanggui/server/contracts";
import type { LocalizedText } from "@zhanggui/kit/contract/text";

/** Every right that a route asks for, in the order of the modules: what roles grant, and fields can ask for. */
export function everyRight(): ReadonlyMap<string, LocalizedText> {
  const routes = Object.values<Contract>(contracts).flatMap((contract) => Object.values(contract));
  return new Map(routes.flatMap(({ access }) => permissionsOf(access)).map(({ code, text }) => [code, text]));
}
