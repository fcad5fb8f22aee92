import { globSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import type { NotificationKind } from "@zhanggui/kit/contract/notification";
import { contracts } from "@zhanggui/server/contracts";
import { expect, test } from "vitest";
import { World } from "../tools/mock/world.ts";

const root = resolve(import.meta.dirname, "..");
const filesOf = (pattern: string) => globSync(pattern, { cwd: root }).map((path) => join(root, path));
/** Where the console has a page, as the modules' lists of pages say it. */
const addresses = filesOf("apps/console/src/{page-routes.ts,*/*.pages.ts}").flatMap((file) =>
  [...readFileSync(file, "utf8").matchAll(/\bpath: "([^"]*)"/g)].map(([, path = ""]) => path),
);
const loaded = await Promise.all(
  filesOf("apps/server/src/*/*/*.notifications.ts").map(
    async (file) => (await import(pathToFileURL(file).href)) as Readonly<Record<string, NotificationKind<unknown>>>,
  ),
);
const kinds = loaded.flatMap((file) => Object.values(file));

function isPage(link: string): boolean {
  const { pathname } = new URL(link, "http://console.example");
  return addresses.some((path) => new RegExp(`^/${path.replaceAll(/:\w+/g, "[^/]+")}$`).test(pathname));
}

test.for(kinds.map((kind) => [kind.name, kind] as const))(
  "%s leads to a page of the console, whatever it tells of",
  ([, { payload, link, title }]) => {
    const world = new World(contracts, "阿青", Date.parse("2026-11-29T08:00:00Z"), {});
    for (let round = 0; round < 50; round += 1) {
      const told = payload.parse(world.value(payload, String(round)));
      expect(isPage(link(told)), link(told)).toBe(true);
      for (const text of Object.values(title(told))) expect(text).not.toMatch(/undefined|null|NaN|\[object/);
    }
  },
);

test("every kind is looked at", () => expect(kinds.length).toBeGreaterThan(5));
