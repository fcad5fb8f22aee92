import type { LocalizedText } from "@zhanggui/kit/contract/text";

type Acts = Readonly<Record<string, LocalizedText>>;
const byFile = import.meta.glob<Acts>("../*/*.acts.ts", { eager: true, import: "acts" });

/**
 * What calls of routes are to people: each module says it beside its pages, in `<module>.acts.ts`. One that isn't there
 * is told by its route; `acts.test.ts` names it.
 */
export const acts: Acts = Object.fromEntries(
  Object.entries(byFile).flatMap(([file, some]) =>
    Object.entries(some).map(([name, text]) => [`${/(\w+)\.acts\.ts$/.exec(file)?.[1]}.${name}`, text]),
  ),
);
