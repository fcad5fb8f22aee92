// The import rules, derived from the module registry. Each name is what a report shows.
import { modules } from "./apps/server/src/modules.ts";

const server = "^apps/server/src";
const layers = ["foundation", "engines", "products"];
const anyLayer = `(${layers.join("|")})`;
/** Tests and their helpers may look behind the scenes. */
const isTest = String.raw`(\.(test|fixtures)\.ts$|/testing/)`;

/** @type {import("dependency-cruiser").IForbiddenRuleType[]} */
const downOnly = layers.slice(0, -1).map((layer, index) => ({
  name: "imports-go-down",
  comment: `${layer} knows nothing of the layers above it: talk upward is an event.`,
  severity: "error",
  from: { path: `${server}/${layer}/`, pathNot: isTest },
  to: { path: `${server}/(${layers.slice(index + 1).join("|")})/` },
}));

/** @type {import("dependency-cruiser").IForbiddenRuleType[]} */
const dependsOnOnly = modules.map(({ name, layer, dependsOn = [] }) => ({
  name: `depends-on-${name}`,
  comment: `${name} may import these of its own layer: ${dependsOn.join(", ") || "none"} (modules.ts).`,
  severity: "error",
  from: { path: `${server}/${layer}/${name}/`, pathNot: isTest },
  to: { path: `${server}/${layer}/`, pathNot: `${server}/${layer}/(${[name, ...dependsOn].join("|")})/` },
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
    comment: "Every module stands in modules.ts.",
    severity: "error",
    from: {
      path: `${server}/${anyLayer}/`,
      pathNot: modules.map(({ name, layer }) => `${server}/${layer}/${name}/`),
    },
    to: {},
  },
  {
    name: "no-foreign-internals",
    comment: "Another module's tables, migrations and internal/ are its own affair.",
    severity: "error",
    from: { path: `${server}/${anyLayer}/([^/]+)/` },
    to: {
      path: `${server}/${anyLayer}/[^/]+/(internal/|migrations/|[^/]+\\.tables\\.ts$)`,
      pathNot: `${server}/$1/$2/`,
    },
  },
  {
    name: "wiring-by-wiring",
    comment: "A module's wiring is for the wiring of modules above it: code calls its services instead.",
    severity: "error",
    from: { path: `${server}/${anyLayer}/`, pathNot: [String.raw`\.module\.ts$`, isTest] },
    to: { path: `${server}/${anyLayer}/[^/]+/[^/]+\\.module\\.ts$` },
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
    name: "sms-stands-alone",
    comment: "The client side of carriers shares no code with the stand-ins it is tested against.",
    severity: "error",
    from: { path: "^packages/sms/" },
    to: { path: "^packages/(?!sms/)" },
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
      pathNot: [
        String.raw`^apps/server/src/(contracts|.+\.contract)\.ts$`,
        "^packages/kit/src/contract/",
        "^packages/forms/src/",
      ],
    },
  },
  {
    name: "contracts-are-browser-safe",
    comment: "A contract imports zod, kit/contract and other contracts, so that it fits into a page.",
    severity: "error",
    from: { path: String.raw`^apps/server/src/(contracts|.+\.contract)\.ts$` },
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
    name: "forms-are-browser-safe",
    comment: "packages/forms runs in pages too, and with contracts that are data: no zod, nothing of Node.",
    severity: "error",
    from: { path: "^packages/forms/src/", pathNot: isTest },
    to: { pathNot: ["^packages/forms/src/", "^packages/kit/src/contract/", "/node_modules/@cfworker/json-schema/"] },
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
  forbidden: [...downOnly, ...dependsOnOnly, ...rules],
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
