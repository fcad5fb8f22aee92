import { accept } from "@zhanggui/forms/made-form";
import { madeFormAndAnswers } from "@zhanggui/forms/testing/made-forms";
import fc from "fast-check";
import { rolldown } from "rolldown";
import { afterAll, beforeAll, expect, test } from "vitest";
import { inRoot } from "../../tools/zg/paths.ts";
import { closeWindows, openBrowser } from "./setup/browser.ts";

/*
 * Forms that operators make are validated alike in browser and server. The page has the strictest policy that the
 * console could ask for: no code from text, and trusted types.
 */
const policy = "default-src 'none'; script-src 'self'; require-trusted-types-for 'script'; trusted-types 'none'";

/** What the page's own script says: whether it may make code of text, and what it makes of answers. */
const script = `
  import { accept } from "${inRoot("packages/forms/src/made-form.ts")}";
  try { globalThis.madeCode = new Function("return true")(); } catch { globalThis.madeCode = false; }
  globalThis.acceptAll = (pairs) => JSON.parse(pairs).map(([made, given]) => JSON.stringify(accept(made, given)));
`;

let code: string;

beforeAll(async () => {
  const bundle = await rolldown({
    input: "page",
    platform: "browser",
    plugins: [
      {
        name: "page",
        resolveId: (source) => (source === "page" ? source : null),
        load: (id) => (id === "page" ? script : null),
      },
    ],
  });
  const { output } = await bundle.generate({ format: "esm" });
  code = output[0].code;
});
afterAll(closeWindows);

interface Window {
  readonly madeCode: boolean;
  /** Of pairs of a form and answers, as JSON. */
  readonly acceptAll: (pairs: string) => string[];
}

test("a browser under a strict policy makes of random forms and answers what the server makes of them", async () => {
  const page = await (await openBrowser()).newPage();
  await page.route("**/*", (route) => {
    const isScript = route.request().url().endsWith(".js");
    return route.fulfill({
      contentType: isScript ? "text/javascript" : "text/html",
      headers: { "content-security-policy": policy },
      body: isScript ? code : `<!doctype html><script type="module" src="/page.js"></script>`,
    });
  });
  await page.goto("http://forms.example/", { waitUntil: "load" });
  await page.waitForFunction(() => "acceptAll" in globalThis);
  expect(await page.evaluate(() => (globalThis as unknown as Window).madeCode)).toBe(false);

  const pairs = fc.sample(madeFormAndAnswers, 500);
  const there = await page.evaluate((all) => (globalThis as unknown as Window).acceptAll(all), JSON.stringify(pairs));
  expect(there).toEqual(pairs.map(([made, given]) => JSON.stringify(accept(made, given))));
  const errors = there.map((each) => (JSON.parse(each) as { errors: unknown[] }).errors.length);
  expect(errors.filter((count) => count === 0).length).toBeGreaterThan(20);
  expect(errors.filter((count) => count > 0).length).toBeGreaterThan(20);
});
