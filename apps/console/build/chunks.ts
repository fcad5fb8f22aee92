import { join } from "node:path";

interface Graph {
  getModuleInfo(id: string): { readonly importedIds: readonly string[] } | null;
}

/** Whether a module is of one of these packages, however deep pnpm has put it. */
const packages = (names: string): RegExp =>
  new RegExp(String.raw`[\\/]node_modules[\\/](?:${names})[\\/](?!.*[\\/]node_modules[\\/])`);
const library = packages(String.raw`(?:@[^\\/]+[\\/])?[^\\/]+`);
const vue = packages("vue|@vue|vue-router|pinia|vue-i18n|@intlify");
const elementParts = packages("element-plus|@element-plus|@popperjs|@sxzz|@ctrl|@vueuse|lodash-es|dayjs");

/** What the shell and a list show of Element Plus; a page with a form or a drawer loads the others besides. */
const onLists = new Set("badge base button config-provider dark icon message notification progress".split(" "));
/** Libraries that only the others need. */
const formLibraries = packages("@popperjs|@sxzz");
/** A calendar is as large as all other fields, and few ask for one. */
const dates = /^(?:date|time|calendar)/;
/** These go with the page that has them. */
const onOnePage = new Set(["autocomplete", "input-number"]);
const component = /element-plus[\\/](?:es[\\/]components[\\/]|theme-chalk[\\/](?:el-)?)([\w-]+)/;
/** Of the form's files, what its fields ask. */
const formHooks = /components[\\/]form[\\/]src[\\/](?:hooks|constants)/;

/**
 * Says in which chunk a module goes. `vue` and `base` are what the login needs. Behind it: `ui`, what a list shows of
 * Element Plus; `forms` and `dates`, the rest of it; `house`, what pages share; and each page by itself. Without this
 * every component of Element Plus would be a request or two of its own.
 *
 * @param source the console's `src`
 */
export function chunks(source: string): (id: string, graph: Graph) => string | null {
  const within = (path: string): string => join(source, path);
  let graph: Graph;
  const login = reachable(() => graph, [within("main.ts")]);
  const list = reachable(() => graph, [within("shell/Shell.vue"), within("audience/PeoplePage.vue")]);
  return (id, given) => {
    graph = given;
    if (vue.test(id)) return "vue";
    // A language's words are a chunk by themselves, with what Element Plus says in it; it falls back on its English.
    if (/words\/rest|locale[\\/]lang[\\/]zh/.test(id)) return null;
    if (login().has(id)) return "base";
    if (id.endsWith("async-validator.ts")) return "forms";
    if (elementParts.test(id) || id.endsWith("tinycolor.ts")) return elementChunk(id);
    return !library.test(id) && list().has(id) && !id.includes("PeoplePage") ? "house" : null;
  };
}

function elementChunk(id: string): string | null {
  const name = component.exec(id)?.[1];
  if (onOnePage.has(name ?? "")) return null;
  if (dates.test(name ?? "") || /[\\/]dayjs[\\/]/.test(id)) return "dates";
  if (formLibraries.test(id) || id.includes("use-popper")) return "forms";
  return name === undefined || onLists.has(name) || formHooks.test(id) ? "ui" : "forms";
}

/** All modules that are loaded at once with `roots`, looked up when the graph stands. */
function reachable(graph: () => Graph, roots: readonly string[]): () => ReadonlySet<string> {
  let found: Set<string> | undefined;
  return () => {
    if (found !== undefined) return found;
    found = new Set();
    const left = [...roots];
    for (let id = left.pop(); id !== undefined; id = left.pop()) {
      if (found.has(id)) continue;
      const info = graph().getModuleInfo(id);
      // A root that was renamed would leave its chunk empty, and the login would carry everything.
      if (info === null) throw new Error(`chunks: there is no module ${id}`);
      found.add(id);
      left.push(...info.importedIds);
    }
    return found;
  };
}
