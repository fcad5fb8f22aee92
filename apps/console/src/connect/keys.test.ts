import { connect } from "@zhanggui/server/engines/connect/connect.contract";
import { expect, test } from "vitest";
import { newEncodingAesKey, newPushToken } from "./keys.ts";

const rounds = Array.from({ length: 200 });

test("a push token is what the contract takes, and another one each time", () => {
  const made = rounds.map(newPushToken);
  for (const token of made) expect(connect.bindApp.body?.shape.pushToken.parse(token)).toHaveLength(32);
  expect(new Set(made).size).toBe(made.length);
});

test("an EncodingAESKey is what the contract takes, is 32 bytes and survives a strict decoder", () => {
  const made = rounds.map(newEncodingAesKey);
  for (const key of made) {
    expect(connect.bindApp.body?.shape.encodingAesKey.parse(key)).toBe(key);
    const bytes = Buffer.from(`${key}=`, "base64");
    expect(bytes).toHaveLength(32);
    expect(bytes.toString("base64")).toBe(`${key}=`);
  }
  expect(new Set(made).size).toBe(made.length);
});
