import { randomBytes } from "node:crypto";
import fc from "fast-check";
import { expect, test } from "vitest";
import { Secrets } from "./secrets.ts";

const key = (): string => randomBytes(32).toString("base64");

test("what was sealed opens again, and nothing of it can be read", () => {
  const secrets = new Secrets(key());
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
  const secrets = new Secrets(key());
  const sealed = secrets.seal("the app secret", "connect_app:1:secret");
  expect(() => secrets.open(sealed, "connect_app:2:secret")).toThrow(/./);
  const [id, nonce, tag, body = ""] = sealed.split(".");
  const changed = `${body.startsWith("A") ? "B" : "A"}${body.slice(1)}`;
  expect(() => secrets.open([id, nonce, tag, changed].join("."), "connect_app:1:secret")).toThrow(/./);
  expect(() => new Secrets(key()).open(sealed, "connect_app:1:secret")).toThrow(/sealed with key/);
});

test("a key of another length is refused at once", () => {
  expect(() => new Secrets(Buffer.alloc(16).toString("base64"))).toThrow(RangeError);
});
