import { randomBytes } from "node:crypto";
import fc from "fast-check";
import { expect, test } from "vitest";
import { Secrets } from "./secrets.ts";

const key = (): string => randomBytes(32).toString("base64");

test("what was sealed opens again, and nothing of it can be read", () => {
  const secrets = new Secrets([key()]);
  fc.assert(
    fc.property(fc.string({ unit: "binary", minLength: 8 }), (text) => {
      const sealed = secrets.seal(text, "here");
      expect(secrets.open(sealed, "here")).toBe(text);
      expect(sealed).not.toContain(text);
      expect(secrets.seal(text, "here")).not.toBe(sealed);
    }),
  );
});

test("a sealed value opens only where it belongs, unchanged, and with its own key", () => {
  const secrets = new Secrets([key()]);
  const sealed = secrets.seal("the app secret", "connect_app:1:secret");
  expect(() => secrets.open(sealed, "connect_app:2:secret")).toThrow(/./);
  const [id, nonce, tag = "", body = ""] = sealed.split(".");
  const changed = `${body.startsWith("A") ? "B" : "A"}${body.slice(1)}`;
  expect(() => secrets.open([id, nonce, tag, changed].join("."), "connect_app:1:secret")).toThrow(/./);
  // A tag cut short would be guessed sooner.
  expect(() => secrets.open([id, nonce, tag.slice(0, 6), body].join("."), "connect_app:1:secret")).toThrow(/./);
  expect(() => new Secrets([key()]).open(sealed, "connect_app:1:secret")).toThrow(/sealed with key/);
});

test("the first key of a ring seals, any key of it opens", () => {
  const [old, next] = [key(), key()];
  const before = new Secrets([old]).seal("tea", "here");
  const both = new Secrets([next, old]);
  expect(both.open(before, "here")).toBe("tea");
  const after = both.reseal(before, "here");
  expect(after.startsWith(`${new Secrets([next]).keyId}.`)).toBe(true);
  expect(new Secrets([next]).open(after, "here")).toBe("tea");
  expect(() => new Secrets([old]).open(after, "here")).toThrow(/sealed with key/);
  expect(() => both.reseal(before, "elsewhere")).toThrow(/./);
});

test("a key of another length is refused at once, wherever it stands, and so is no key at all", () => {
  const short = Buffer.alloc(16).toString("base64");
  for (const ring of [[short], [key(), short], []]) expect(() => new Secrets(ring)).toThrow(RangeError);
});
