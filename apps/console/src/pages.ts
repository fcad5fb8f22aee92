import type { Page } from "./common/pages.ts";

const found = import.meta.glob<{ readonly pages: readonly Page[] }>("./*/*.pages.ts", { eager: true });

/** Every module's pages. */
export const pages: readonly Page[] = Object.values(found).flatMap((module) => module.pages);
