import { pathOf, type Contract } from "@zhanggui/kit/contract/route";
import type { ProxyOptions } from "vite";

/**
 * What the development server hands on to the server: everything under /api, and the addresses that routes have at the
 * root. Nothing of it is buffered or rewritten.
 */
export function proxyOf(
  contracts: Readonly<Record<string, Contract>>,
  server: string,
): Readonly<Record<string, ProxyOptions>> {
  const routes = Object.values(contracts).flatMap((contract) => Object.values(contract));
  const atRoot = routes.filter(({ root }) => root === true).map((route) => `^${patternOf(pathOf(route))}(?:\\?|$)`);
  return Object.fromEntries(["^/api/", ...atRoot].map((pattern) => [pattern, { target: server }]));
}

/** `/s/:slug` as a regular expression. */
function patternOf(path: string): string {
  return path.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`).replaceAll(/:\w+/g, "[^/]+");
}
