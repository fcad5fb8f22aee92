import { globSync } from "node:fs";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { type Contract, type Route } from "@zhanggui/kit/contract/route";
import { notFound } from "@zhanggui/kit/contract/faults";
import type { Permission } from "@zhanggui/kit/contract/permission";
import { schemaOf } from "@zhanggui/kit/contract/schema";
import type { Setting } from "@zhanggui/kit/contract/setting";
import type { MockOptions, Special } from "./answer.ts";
import type { Row, World } from "./world.ts";

/*
 * What the console can't do without, and what no chance would come by: a session with every right, the rights there
 * are, and the settings as the modules declare them.
 */

const root = resolve(import.meta.dirname, "../..");
const hourMs = 3_600_000;
/** Whoever brings no token is this one. */
export const defaultUser = "owner@lantern-tea.example";

/** The user of a token that a sign-in here gave, or that a real server gave: there a token names its account. */
export function userOf(authorization: string | undefined): string {
  const token = authorization?.replace(/^Bearer /i, "") ?? "";
  const [head = "", claims = ""] = token.split(".");
  if (head === "mock") return Buffer.from(claims, "base64url").toString() || defaultUser;
  try {
    const { sub } = JSON.parse(Buffer.from(claims, "base64url").toString()) as { sub?: string };
    return sub ?? defaultUser;
  } catch {
    return defaultUser;
  }
}

/** The answers that don't come by chance, and the texts that only a contract knows. */
export async function specialsOf(
  contracts: Readonly<Record<string, Contract>>,
): Promise<Required<Pick<MockOptions, "specials" | "texts">>> {
  const routes = Object.values(contracts).flatMap((contract) => Object.values(contract));
  const declared = await exportsOf("apps/server/src/*/*/*.contract.ts");
  // Some are asked for by fields, not by routes.
  const permissions = new Map(declared.filter(isPermission).map((each) => [each.code, each]));
  const settings = (await exportsOf("apps/server/src/*/*/*.settings.ts")).filter(isSetting);
  return {
    specials: { ...sessions(routes, [...permissions.values()]), ...settingRoutes(settings) },
    texts: { "Role.permissions": [...permissions.keys()], "View.list": ["audience.listPeople"] },
  };
}

function sessions(routes: readonly Route[], permissions: readonly Permission[]): Readonly<Record<string, Special>> {
  const shapeOf = (id: string) => routes.find((route) => route.id === id)?.reply as never;
  const me = (world: World, user: string): Row => ({
    ...(world.value(shapeOf("access.me"), "me") as Row),
    tenant: { id: "01900000-0000-7000-8000-000000000001", name: "灯笼茶", zone: "Asia/Shanghai" },
    terms: { plan: "partner", state: "active", expiresAt: null, because: "" },
    impersonation: null,
    factorDue: null,
    account: accountOf(world, user),
    permissions: permissions.map(({ code }) => code),
  });
  const accountOf = (world: World, user: string): Row => {
    const { account } = world.value(shapeOf("access.me"), "account") as { account: Row };
    return { ...account, login: user, displayName: user.split("@")[0] || "掌柜", disabled: false };
  };
  const session = (world: World, user: string): Row => {
    const token = `mock.${Buffer.from(user).toString("base64url")}`;
    const [accessExpiresAt, refreshExpiresAt] = [hourMs, 24 * hourMs].map((ms) => new Date(Date.now() + ms));
    const tokens = { accessToken: token, refreshToken: token, deviceToken: token };
    return { ...tokens, accessExpiresAt, refreshExpiresAt, me: me(world, user) };
  };
  const begins: Special = (world, { body }, user) => session(world, (body["login"] as string | undefined) ?? user);
  return {
    "access.setupStatus": () => ({
      needed: false,
      ways: [],
      demoLogins: [{ role: "owner", login: defaultUser, password: "any password" }],
    }),
    "access.login": begins,
    "access.setup": begins,
    "access.acceptInvitation": begins,
    // Without a token it is the session of the page's cookie, which told who calls.
    "access.refresh": (world, { body }, user) => {
      const given = body["refreshToken"] as string | undefined;
      return session(world, given === undefined ? user : userOf(given));
    },
    "access.me": (world, _asked, user) => me(world, user),
    "access.listPermissions": () => ({ items: permissions.map(({ code, text }) => ({ code, ...text })) }),
    // A view of a list that it doesn't fit would only be in the way.
    "views.list": () => ({ items: [] }),
  };
}

function settingRoutes(settings: readonly Setting<unknown>[]): Readonly<Record<string, Special>> {
  const view = (setting: Setting<unknown>, value: unknown, version: number): Row => {
    const { key, text, help = null, group = null, levels, isSecret = false, schema, default: usual } = setting;
    const isSet = version > 0;
    const own = { level: "tenant", scopeId: "", value, isSet, isPinned: false, isValid: true, version };
    return {
      ...text,
      key,
      help,
      group,
      levels,
      isSecret,
      isRetired: false,
      canGenerate: setting.generate !== undefined,
      value,
      isSet,
      from: isSet ? "tenant" : "default",
      isPinned: false,
      default: usual,
      version,
      schema: schemaOf(schema),
      below: [],
      layers: [{ ...own, changedBy: null, changedAt: null, comment: "" }],
    };
  };
  return {
    "settings.list": () => ({ items: settings.map((each) => view(each, each.default, 0)) }),
    "settings.listScopes": () => ({ items: [] }),
    "settings.change": (_world, { params, body }) => {
      const found = settings.find(({ key }) => key === params["key"]);
      if (found === undefined) throw notFound();
      return view(found, body["value"], Number(body["version"]) + 1);
    },
  };
}

/** What the files of a pattern export. */
async function exportsOf(pattern: string): Promise<unknown[]> {
  const files = globSync(pattern, { cwd: root }).toSorted();
  const loaded = await Promise.all(files.map((file) => import(pathToFileURL(resolve(root, file)).href)));
  return loaded.flatMap((file) => Object.values(file as Record<string, unknown>));
}

function isPermission(value: unknown): value is Permission {
  return typeof value === "object" && value !== null && "code" in value && "grantedTo" in value;
}

function isSetting(value: unknown): value is Setting<unknown> {
  return typeof value === "object" && value !== null && "key" in value && "schema" in value && "default" in value;
}
