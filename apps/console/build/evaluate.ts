import { readFileSync } from "node:fs";
import { parentPort } from "node:worker_threads";
import { baseCompile } from "@intlify/message-compiler";
import { dataOf } from "@zhanggui/kit/contract/data";

/*
 * Runs in a thread of its own (`evaluator.ts`): loads a file as Node does, and writes what it exports as the source of
 * a module that holds data only.
 */

/** `contract`: each export as data. `permissions`: of a contract these alone. `words`: the sentences of `parts`, modules or `<module>.<group>` (or of all but these), in `language`. */
export type Task =
  | { readonly kind: "contract" | "permissions"; readonly file: string }
  | {
      readonly kind: "words";
      readonly file: string;
      readonly language: "zh" | "en";
      readonly parts: readonly string[];
      readonly rest: boolean;
    };
export interface Answer {
  readonly code?: string;
  readonly error?: string;
}

parentPort?.on("message", ({ id, task }: { readonly id: number; readonly task: Task }) => {
  const work = task.kind === "words" ? wordsCode(task) : contractCode(task);
  work.then(
    (code) => parentPort?.postMessage({ id, code }),
    (error: unknown) => parentPort?.postMessage({ id, error: error instanceof Error ? error.message : String(error) }),
  );
});

async function load(file: string): Promise<Readonly<Record<string, unknown>>> {
  return (await import(`file://${file}`)) as Readonly<Record<string, unknown>>;
}

async function contractCode({ file, kind }: Task & { readonly kind: "contract" | "permissions" }): Promise<string> {
  const all = Object.entries(await load(file));
  const exported = kind === "contract" ? all : all.filter(([, value]) => isPermission(Object(value) as object));
  // A permission that a route asks for is the exported one, not another copy of it.
  const names = new Map(exported.map(([name, value]) => [value, name]));
  const inOrder = byPlace(file, exported);
  const lines = inOrder.map(([name, value]) => {
    const inner = (each: object): unknown =>
      each !== value && isPermission(each) && names.has(each) ? { [reference]: names.get(each) } : undefined;
    const data = dataOf(value, inner);
    return data === undefined ? "" : `export const ${name} = ${source(data)};`;
  });
  return lines.filter((line) => line !== "").join("\n");
}

/** As the file declares them: what is named by others stands before them. */
function byPlace(file: string, exported: [string, unknown][]): [string, unknown][] {
  const text = readFileSync(file, "utf8");
  const place = (name: string): number => text.search(new RegExp(`\\bconst ${name}\\b`));
  return exported.toSorted(([a], [b]) => place(a) - place(b));
}

function isPermission(value: object): boolean {
  return "code" in value && "grantedTo" in value;
}

const reference = "\u0000reference";

/** JSON, with names where something stands elsewhere. */
function source(data: unknown): string {
  return JSON.stringify(data).replaceAll(/\{"\\u0000reference":"(\w+)"\}/g, "$1");
}

type Words = { readonly [key: string]: string | Words };

async function wordsCode({ file, language, parts, rest }: Task & { readonly kind: "words" }): Promise<string> {
  const { messages } = (await load(file)) as { readonly messages: Readonly<Record<string, Words>> };
  const chosen = Object.entries(messages[language] as Words).flatMap(([module, words]) => {
    const kept = Object.entries(words).filter(
      ([group]) => [module, `${module}.${group}`].some((part) => parts.includes(part)) !== rest,
    );
    return kept.length === 0 ? [] : [[module, Object.fromEntries(kept)] as const];
  });
  return `export default ${JSON.stringify(compiled(Object.fromEntries(chosen)))};`;
}

/** Sentences with gaps or plurals as the tree that vue-i18n's compiler makes of them, not the browser. */
function compiled(words: Words): unknown {
  return Object.fromEntries(
    Object.entries(words).map(([key, word]) => [key, typeof word === "string" ? sentence(word) : compiled(word)]),
  );
}

function sentence(text: string): unknown {
  if (!/[{}|@]/.test(text)) return text;
  const { ast } = baseCompile(text, {
    jit: true,
    minify: true,
    location: false,
    onError: (error) => {
      throw new Error(`“${text}”: ${error.message}`);
    },
  });
  return ast;
}
