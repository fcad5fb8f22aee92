import { join } from "node:path";
import type { Plugin } from "vite";
import { Evaluator } from "./evaluator.ts";

/** What is said before anybody has signed in. */
const parts = [
  "shared.retry",
  "shared.close",
  "shared.copied",
  "shared.loading",
  "shared.problem",
  "shared.missingPart",
  "shell.product",
  "shell.tagline",
  "access.login",
  "access.setup",
  "access.roles",
];
/** Where Element Plus keeps what it says itself. */
const elementWords = { zh: "element-plus/es/locale/lang/zh-cn", en: "element-plus/es/locale/lang/en" };
const modules = /^virtual:words\/(first|rest)\/(zh|en)$/;

/**
 * The words of `messages.ts`, cut up for loading: `virtual:words/first/zh` are those of the login, `rest` all others.
 * Sentences with gaps are compiled here, so the browser has no compiler, and nothing evaluates strings.
 *
 * @param source the console's `src`
 */
export function words(source: string): Plugin {
  const evaluator = new Evaluator();
  return {
    name: "zhanggui:words",
    resolveId: (id) => (modules.test(id) ? `\0${id}` : null),
    async load(id) {
      const [, which, language] = modules.exec(id.slice(1)) ?? [];
      if (language !== "zh" && language !== "en") return null;
      this.addWatchFile(join(source, "messages.ts"));
      const task = {
        kind: "words",
        file: join(source, "messages.ts"),
        language,
        parts,
        rest: which === "rest",
      } as const;
      const own = await evaluator.run(task);
      const code = which === "rest" ? `${own}\nexport { default as element } from "${elementWords[language]}";` : own;
      return { code, map: { mappings: "" } };
    },
    async watchChange(file) {
      if (file.endsWith("messages.ts")) await evaluator.forget();
    },
  };
}
