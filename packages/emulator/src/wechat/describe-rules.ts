import { describeErrcode } from "./errcodes.ts";
import { rightsOf } from "./rights.ts";
import { type ApiRoute, sharedErrcodes } from "./route.ts";
import { apiRoutes } from "./routes.ts";
import { allRules, type Rule } from "./rules.ts";

export interface DescribedRoute {
  method: string;
  path: string;
  says: string;
  page: string;
  /** Who may call it. */
  may: string;
  perDay: number | null;
  perMinute: number | null;
  rules: string[];
  errcodes: number[];
}

export interface DescribedErrcode {
  errcode: number;
  errmsg: string;
  meaning: string;
  isRecalled: boolean;
}

/** The table of rules, as data: every call, every limit and behaviour with its source, every code that is answered. */
export function describeRules(): {
  routes: DescribedRoute[];
  rules: readonly Rule[];
  errcodes: DescribedErrcode[];
} {
  const routes = apiRoutes.map(describeRoute);
  const used = new Set([...sharedErrcodes, 40066, ...routes.flatMap(({ errcodes }) => errcodes)]);
  const errcodes = [...used]
    .toSorted((one, two) => one - two)
    .map((errcode) => {
      const { errmsg, meaning, recalled = false } = describeErrcode(errcode);
      return { errcode, errmsg, meaning, isRecalled: recalled };
    });
  return { routes, rules: allRules(), errcodes };
}

function describeRoute(route: ApiRoute): DescribedRoute {
  const { method, path, says, page, perDay = null, perMinute = null, rules = [] } = route;
  return {
    method,
    path,
    says,
    page,
    may: whoMay(route),
    perDay,
    perMinute,
    rules: rules.map(({ id }) => id),
    errcodes: errcodesOf(route),
  };
}

/** The codes of a call besides those that every call may answer. */
export function errcodesOf({ errcodes = [], rules = [] }: ApiRoute): number[] {
  const ofRules = rules.flatMap((rule) => (rule.kind === "limit" ? [rule.errcode, rule.errcodeBelow] : []));
  return [...new Set([...errcodes, ...ofRules])].toSorted((one, two) => one - two);
}

function whoMay({ access, right }: ApiRoute): string {
  if (access === "open") return "everybody";
  if (right === undefined) return "every account";
  const kinds = { service: "service accounts", subscription: "subscription accounts", miniprogram: "mini-programs" };
  const needs = rightsOf(right);
  return (["service", "subscription", "miniprogram"] as const)
    .filter((kind) => needs[kind] !== "none")
    .map((kind) => (needs[kind] === "all" ? kinds[kind] : `verified ${kinds[kind]}`))
    .join(", ");
}
