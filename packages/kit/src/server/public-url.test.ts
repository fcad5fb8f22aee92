import fc from "fast-check";
import { expect, test } from "vitest";
import { isWithin, publicUrl } from "./public-url.ts";

test("whatever is let through is http or https to a public name, and stays what it is when it is parsed again", () => {
  const part = fc.constantFrom(
    "https:",
    "http:",
    "//",
    "/",
    "\\",
    "@",
    ":",
    "?",
    "#",
    "%40",
    "%2f",
    ".",
    "\t",
    "\r\n",
    " ",
  );
  const host = fc.constantFrom(
    "good.example",
    "127.1",
    "0x7f.1",
    "[::1]",
    "localhost",
    "evil.example.",
    "茶.中国",
    "a.local",
  );
  const text = fc.array(fc.oneof(part, host, fc.string({ maxLength: 3 })), { maxLength: 6 });
  let passed = 0;
  fc.assert(
    fc.property(text, (parts) => {
      for (const each of [parts.join(""), `https://${parts.join("")}`]) {
        const url = publicUrl(each);
        if (url === undefined) continue;
        passed += 1;
        expect(url.href).toMatch(/^https?:\/\/[a-z0-9_.-]+\.[a-z0-9-]+\.?(:\d+)?\//);
        expect(new URL(url.href).href).toBe(url.href);
        expect(url.hostname).not.toMatch(/(^|\.)(localhost|local)\.?$|^[\d.]+$/);
        expect(url.username + url.password).toBe("");
      }
    }),
    { numRuns: 5_000 },
  );
  expect(passed).toBeGreaterThan(100);
});

test.each([
  ["https://good.example/", true],
  ["https://m.good.example/", true],
  ["https://good.example./", true],
  ["https://茶.中国/", true],
  ["https://evil-good.example/", false],
  ["https://good.example.evil.example/", false],
  ["https://evil.example/?good.example", false],
])("%s within good.example or 茶.中国: %s", (text, expected) => {
  expect(isWithin(publicUrl(text) as URL, ["GOOD.example", "茶.中国", "not a domain", ""])).toBe(expected);
});
