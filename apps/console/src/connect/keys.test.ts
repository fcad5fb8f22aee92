import { expect, test } from "vitest";
import { newEncodingAesKey, newPushToken } from "./keys.ts";

const rounds = Array.from({ length: 200 });

test("a push token is what WeChat takes, and another one each time", () => {
  const made = rounds.map(newPushToken);
  for (const token of made) expect(token).toMatch(/^[A-Za-z0-9]{32}$/);
  expect(new Set(made).size).toBe(made.length);
});

test("an EncodingAESKey is 32 bytes and survives a strict decoder", () => {
  const made = rounds.map(newEncodingAesKey);
  for (const key of made) {
    expect(key).toMatch(/^[A-Za-z0-9+/]{43}$/);
    const bytes = Buffer.from(`${key}=`, "base64");
    expect(bytes).toHaveLength(32);
    expect(bytes.toString("base64")).toBe(`${key}=`);
  }
  expect(new Set(made).size).toBe(made.length);
});
