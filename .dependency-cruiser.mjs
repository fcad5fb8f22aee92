// The import rules of the house, derived from its map. Each name is what a report shows.
import { house } from "./apps/server/src/house.ts";

const server = "^apps/server/src";
const floors = ["foundation", "engines", "products"];
const anyFloor = `(${floors.join("|")})`;
/** Tests and their helpers may look behind the scenes. */
const isTest = String.raw`(\.test\.ts$|/testing/)`;

/** @type {import("dependency-cruiser").IForbiddenRuleType[]} */
const downOnly = floors.slice(0, -1).map((floor, index) => ({
  name: "imports-go-down",
  comment: `${floor} knows nothing of the floors above it: talk upward is an event.`,
  severity: "error",
  from: { path: `${server}/${floor}/`, pathNot: isTest },
  to: { path: `${server}/(${floors.slice(index + 1).join("|")})/` },
}));

/** @type {import("dependency-cruiser").IForbiddenRuleType[]} */
const besideOnly = house.modules.map(({ name, floor, beside = [] }) => ({
  name: `beside-${name}`,
  comment: `${name} may import these of its own floor: ${beside.join(", ") || "none"} (house.ts).`,
  severity: "error",
  from: { path: `${server}/${floor}/${name}/`, pathNot: isTest },
  to: { path: `${server}/${floor}/`, pathNot: `${server}/${floor}/(${[name, ...beside].join("|")})/` },
}));

/** @type {import("dependency-cruiser").IForbiddenRuleType[]} */
const rules = [
  {
    name: "no-cycles",
    comment: "Two files that need each other are one file, or one of the two directions is an event.",
    severity: "error",
    from: {},
    to: { circular: true },
  },
  {
    name: "known-modules",
    comment: "Every module stands in house.ts.",
    severity: "error",
    from: {
      path: `${server}/${anyFloor}/`,
      pathNot: house.modules.map(({ name, floor }) => `${server}/${floor}/${name}/`),
    },
    to: {},
  },
  {
    name: "no-foreign-rooms",
    comment: "Another module's tables, migrations and internal/ are its own affair.",
    severity: "error",
    from: { path: `${server}/${anyFloor}/([^/]+)/` },
    to: {
      path: `${server}/${anyFloor}/[^/]+/(internal/|migrations/|[^/]+\\.tables\\.ts$)`,
      pathNot: `${server}/$1/$2/`,
    },
  },
  {
    name: "by-the-front-door",
    comment: "Controllers and handlers are a module's own wiring: call its service instead.",
    severity: "error",
    from: { path: `${server}/${anyFloor}/([^/]+)/` },
    to: {
      path: `${server}/${anyFloor}/[^/]+/[^/]+\\.(handlers|controller)\\.ts$`,
      pathNot: `${server}/$1/$2/`,
    },
  },
  {
    name: "packages-know-no-apps",
    comment: "The packages are below everything.",
    severity: "error",
    from: { path: "^packages/" },
    to: { path: "^apps/" },
  },
  {
    name: "wechat-stands-alone",
    comment: "The client side of WeChat's protocols shares no code with the stand-in it is tested against.",
    severity: "error",
    from: { path: "^packages/wechat/" },
    to: { path: "^packages/(?!wechat/)" },
  },
  {
    name: "emulator-stands-alone",
    comment: "A stand-in that shared code with its client would share its errors.",
    severity: "error",
    from: { path: "^packages/emulator/" },
    to: { path: "^packages/(?!emulator/)" },
  },
  {
    name: "browser-sees-contracts",
    comment: "Of the server the browser's apps import contracts; of the kit, kit/contract.",
    severity: "error",
    from: { path: "^apps/(console|h5)/" },
    to: {
      path: "^(apps/server|packages)/",
      pathNot: [String.raw`^apps/server/src/.+\.contract\.ts$`, "^packages/kit/src/contract/", "^packages/forms/src/"],
    },
  },
  {
    name: "contracts-are-browser-safe",
    comment: "A contract imports zod, kit/contract and other contracts, so that it fits into a page.",
    severity: "error",
    from: { path: String.raw`^apps/server/src/.+\.contract\.ts$` },
    to: {
      pathNot: [String.raw`\.contract\.ts$`, "^packages/(kit/src/contract|forms/src)/", "/node_modules/zod/"],
    },
  },
  {
    name: "kit-contract-is-browser-safe",
    comment: "kit/contract is part of every page: zod and itself only.",
    severity: "error",
    from: { path: "^packages/kit/src/contract/", pathNot: isTest },
    to: { pathNot: ["^packages/kit/src/contract/", "/node_modules/zod/"] },
  },
  {
    name: "no-tests-in-production",
    comment: "What runs at the user's doesn't import the tests' helpers.",
    severity: "error",
    from: { path: String.raw`^(apps/[^/]+|packages/[^/]+)/src/`, pathNot: isTest },
    to: { path: isTest },
  },
  {
    name: "no-unresolved",
    comment: "An import that can't be followed can't be judged.",
    severity: "error",
    from: { path: String.raw`^(apps/server|packages)/.+\.ts$` },
    to: { couldNotResolve: true },
  },
];

export default {
  forbidden: [...downOnly, ...besideOnly, ...rules],
  options: {
    doNotFollow: { path: "node_modules" },
    exclude: { path: String.raw`(^|/)(dist|\.zg)/|^packages/emulator/src/phone/` },
    // Type-only imports count too: a contract that needs a table's type needs the table.
    tsPreCompilationDeps: true,
    tsConfig: { fileName: "tsconfig.json" },
    enhancedResolveOptions: {
      exportsFields: ["exports"],
      conditionNames: ["import", "types", "node", "default"],
      extensions: [".ts", ".vue", ".mjs", ".js", ".d.ts"],
    },
  },
};
