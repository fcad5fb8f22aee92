import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { basename, join, resolve } from "node:path";
import { modules } from "@zhanggui/server/modules";
import { expect, test } from "vitest";

// Editors follow a name by TypeScript's language service. This asks it what an editor would ask.

const root = resolve(import.meta.dirname, "..");

interface Definition {
  readonly fileName: string;
  readonly textSpan: { readonly start: number };
}
interface LanguageService {
  getDefinitionAtPosition(file: string, position: number): readonly Definition[] | undefined;
}
/** What is used here of TypeScript 6; TypeScript 7 has no such interface. */
interface TypeScript {
  readonly ScriptSnapshot: { fromString(text: string): object };
  createLanguageService(host: object): LanguageService;
  getDefaultLibFilePath(options: object): string;
  parseConfigFileTextToJson(file: string, text: string): { readonly config: { readonly compilerOptions: object } };
  convertCompilerOptionsFromJson(options: object, folder: string): { readonly options: object };
}

const wirings = modules.map(({ layer, name }) => join(root, `apps/server/src/${layer}/${name}/${name}.module.ts`));

function openService(): LanguageService {
  const typescript = createRequire(join(root, "apps/console/package.json"))("typescript") as TypeScript;
  const config = join(root, "tsconfig.base.json");
  const { compilerOptions } = typescript.parseConfigFileTextToJson(config, readFileSync(config, "utf8")).config;
  const { options } = typescript.convertCompilerOptionsFromJson(compilerOptions, root);
  return typescript.createLanguageService({
    getScriptFileNames: () => wirings,
    getScriptVersion: () => "1",
    getScriptSnapshot: (file: string) =>
      existsSync(file) ? typescript.ScriptSnapshot.fromString(readFileSync(file, "utf8")) : undefined,
    getCurrentDirectory: () => root,
    getCompilationSettings: () => options,
    getDefaultLibFileName: typescript.getDefaultLibFilePath,
    fileExists: existsSync,
    readFile: (file: string) => readFileSync(file, "utf8"),
  });
}

test("from a route's key in the wiring an editor finds the contract, and from its value the service's method", () => {
  const service = openService();
  let followed = 0;
  for (const file of wirings) {
    const text = readFileSync(file, "utf8");
    const from = text.indexOf("  routes: (");
    const routes = text.slice(from, text.indexOf("\n  }),", from));
    for (const match of routes.matchAll(/^ {4}(\w+): (?:items\()?\w+\.(\w+)\)?,$/gm)) {
      const [line, key = "", method = ""] = match;
      const at = from + match.index;
      const [contract, declared] = definition(service, file, at + line.indexOf(key));
      // A large contract has files of its own for parts.
      expect(contract, line).toMatch(/\.contract\.ts$/);
      expect(declared, line).toMatch(new RegExp(`^${key}(: (route\\.|list\\(|bulk\\()|,)`));
      const [place, code] = definition(service, file, at + line.lastIndexOf(`.${method}`) + 1);
      expect(place, line).not.toMatch(/\.(contract|module)\.ts$/);
      expect(code, line).toContain(`${method}(`);
      followed += 1;
    }
  }
  expect(followed).toBeGreaterThan(40);
});

/** The file and the beginning of what the name at this place leads to. */
function definition(service: LanguageService, file: string, position: number): [file: string, text: string] {
  const [found] = service.getDefinitionAtPosition(file, position) ?? [];
  if (found === undefined) return ["", ""];
  const text = readFileSync(found.fileName, "utf8").slice(found.textSpan.start);
  return [basename(found.fileName), /^\w+(: route\.|\()/.exec(text)?.[0] ?? text.slice(0, 40)];
}
