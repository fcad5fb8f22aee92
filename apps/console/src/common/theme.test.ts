import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";

/** WCAG 2.2 §1.4.3: what text needs against its ground. */
const contrastAA = 4.5;
const css = readFileSync(join(import.meta.dirname, "theme.css"), "utf8");

function coloursOf(selector: string): Map<string, string> {
  const block = css.slice(css.indexOf(`${selector} {`)).split("}")[0] ?? "";
  return new Map([...block.matchAll(/--([\w-]+): (#[0-9a-f]{6});/g)].map((match) => [match[1] ?? "", match[2] ?? ""]));
}

/** Relative luminance of `#rrggbb` (WCAG 2.2). */
function luminance(colour: string): number {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5]
    .map((start) => Number.parseInt(colour.slice(start, start + 2), 16) / 255)
    .map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4));
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}
function contrast(one: string, other: string): number {
  const [light = 0, dark = 0] = [luminance(one), luminance(other)].toSorted((a, b) => b - a);
  return (light + 0.05) / (dark + 0.05);
}

const onGrounds = ["ink", "ink-2", "ink-3", "accent", "accent-hover", "good", "warn", "bad", "info"];
const grounds = ["paper", "surface", "fill"];
const pairs = [
  ...onGrounds.flatMap((text) => grounds.map((ground) => [text, ground] as const)),
  ...["good", "warn", "bad", "info", "accent"].map((tone) => [tone, `${tone}-soft`] as const),
  ["on-accent", "accent"] as const,
  ["on-accent", "accent-hover"] as const,
  ["on-accent", "bad"] as const,
  ["ink", "bad-soft"] as const,
  ["ink-2", "bad-soft"] as const,
];

describe.for([":root", "html.dark"])("%s", (selector) => {
  const colours = coloursOf(selector);

  test("white on white would be found", () => {
    expect(contrast("#ffffff", "#ffffff")).toBe(1);
    expect(contrast("#ffffff", "#000000")).toBe(21);
  });

  test.for(pairs)("%s is readable on %s", ([text, ground]) => {
    const [front, back] = [colours.get(text), colours.get(ground)];
    expect(front, text).toBeDefined();
    expect(back, ground).toBeDefined();
    expect(contrast(front ?? "", back ?? "")).toBeGreaterThanOrEqual(contrastAA);
  });
});
