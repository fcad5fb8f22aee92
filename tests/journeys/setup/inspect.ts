/// <reference lib="dom" />
import axe from "axe-core";
import type { BrowserContext, Page } from "playwright-core";

/** Has every page of the window ready for `inspect`. */
export function prepareInspection(context: BrowserContext): Promise<unknown> {
  return context.addInitScript({ content: axe.source });
}

/**
 * What is wrong with what `page` shows, a sentence each, in the page's own words: keys instead of sentences, headings
 * and controls without a name, a page wider than its window, and whatever axe finds.
 *
 * @param keyed the first words of the console's keys
 * @param colours true: of axe's rules only those about colours, for a page that has been looked at in others
 */
export async function inspect(page: Page, keyed: readonly string[], colours: boolean): Promise<string[]> {
  const own = await page.evaluate(findFlaws, keyed);
  const violations = await page.evaluate(async (only) => {
    const results = await (globalThis as unknown as { axe: typeof axe }).axe.run(document, {
      resultTypes: ["violations"],
      ...(only ? { runOnly: ["color-contrast", "link-in-text-block"] } : {}),
    });
    return results.violations.map(({ id, nodes }) => {
      const places = nodes.map(({ target, html, any }) => `${target.join(" ")} ${html} ${any[0]?.message ?? ""}`);
      return `${id}: ${places.slice(0, 3).join("; ")}`;
    });
  }, colours);
  return [...own, ...violations.map((each) => `axe ${each}`)];
}

/** Runs in the page: it can use nothing from outside of itself. */
function findFlaws(keyed: readonly string[]): string[] {
  const flaws: string[] = [];
  const seen = (element: Element): boolean =>
    element.checkVisibility({ visibilityProperty: true }) && element.closest("[aria-hidden=true], [inert]") === null;
  const short = (element: Element): string => element.outerHTML.slice(0, 160);

  // Names of events and of handlers have underscores or versions, which no key has.
  const key = new RegExp(String.raw`(?<![\w@./-])(${keyed.join("|")})(\.[a-zA-Z]+)+(?!\w)`);
  // Names of settings look like keys, and are shown as code.
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = texts.nextNode(); node !== null; node = texts.nextNode()) {
    const parent = node.parentElement;
    const found = key.exec(node.nodeValue ?? "");
    if (found !== null && parent !== null && seen(parent) && parent.closest("code, .mono, script") === null)
      flaws.push(`untranslated: ${found[0]}`);
  }
  for (const name of ["aria-label", "title", "placeholder"])
    for (const element of document.querySelectorAll(`[${name}]:not(code, .mono)`)) {
      const found = key.exec(element.getAttribute(name) ?? "");
      if (found !== null) flaws.push(`untranslated ${name}: ${found[0]}`);
    }

  const textOf = (id: string): string => document.getElementById(id)?.textContent ?? "";
  const given = (element: Element): string => {
    const labelledBy = element.getAttribute("aria-labelledby")?.split(/\s+/).map(textOf).join(" ") ?? "";
    return `${element.getAttribute("aria-label") ?? ""}${labelledBy}`.trim();
  };
  const slots = "h1, h2, h3, h4, h5, h6, button, th, label, legend, summary, a[href], dt, [role=button], [role=tab]";
  for (const element of document.querySelectorAll(slots)) {
    const pictures = [...element.querySelectorAll("img, [role=img], input")].map(
      (each) => each.getAttribute("alt") ?? given(each),
    );
    const name = `${element.textContent}${given(element)}${pictures.join("")}`.trim();
    if (seen(element) && name === "") flaws.push(`empty: ${short(element)}`);
  }
  // A placeholder is gone once something is written: it is no label, though axe takes it for one.
  const controls = "input:not([type=hidden]), select, textarea, [role=combobox], [role=switch], [role=checkbox]";
  for (const control of document.querySelectorAll(controls)) {
    const labels = "labels" in control ? [...((control as HTMLInputElement).labels ?? [])] : [];
    const name = `${given(control)}${labels.map(({ textContent }) => textContent).join("")}`.trim();
    if (seen(control) && name === "") flaws.push(`unlabelled: ${short(control)}`);
  }
  // A column's name is short: one that is cut off has no room, and its cells have none either.
  for (const head of document.querySelectorAll("th"))
    if (seen(head) && head.scrollWidth > head.clientWidth + 1) flaws.push(`cut off: ${short(head)}`);
  for (const table of document.querySelectorAll("table")) {
    const room = table.parentElement?.clientWidth ?? 0;
    if (seen(table) && table.offsetWidth > room && getComputedStyle(table.parentElement!).overflowX === "visible")
      flaws.push(`wider than its frame: ${table.ariaLabel} ${table.offsetWidth} > ${room} px`);
  }
  for (const box of document.querySelectorAll("html, body, #content"))
    if (box.scrollWidth > box.clientWidth)
      flaws.push(`wider than its window: ${box.tagName} ${box.scrollWidth} > ${box.clientWidth} px`);
  return flaws;
}
