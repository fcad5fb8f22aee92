import { Fault } from "@zhanggui/kit/contract/fault";
import { decodeProtectedHeader } from "jose";
import { expect, test } from "vitest";
import { readAccessToken, signAccessToken } from "./session-tokens.ts";

const [old, next] = ["o".repeat(32), "n".repeat(32)] as const;
const subject = { holderId: "account", tenantId: "tenant", sessionId: "session" };
const now = new Date("2026-11-24T00:00:00Z");
const minuteMs = 60_000;

const codeOf = (reading: Promise<unknown>): Promise<string> =>
  reading.then(
    () => "read",
    (error: unknown) => (error instanceof Fault ? error.code : String(error)),
  );

test("a token of the old key holds through the change of keys until its hour is over", async () => {
  const { token } = await signAccessToken(subject, now, [old]);
  expect(await readAccessToken(token, now, [next, old])).toEqual(subject);
  expect(await codeOf(readAccessToken(token, new Date(now.getTime() + 61 * minuteMs), [next, old]))).toBe(
    "kit.session_expired",
  );
});

test("ASVS 9.1.3: new tokens carry the new key's id; once the old key is removed its tokens have expired", async () => {
  const before = await signAccessToken(subject, now, [old]);
  const after = await signAccessToken(subject, now, [next, old]);
  expect(decodeProtectedHeader(after.token).kid).not.toBe(decodeProtectedHeader(before.token).kid);
  expect(await readAccessToken(after.token, now, [next])).toEqual(subject);
  expect(await codeOf(readAccessToken(before.token, now, [next]))).toBe("kit.session_expired");
  const forged = `${after.token.slice(0, -4)}AAAA`;
  expect(await codeOf(readAccessToken(forged, now, [next]))).toBe("kit.unauthenticated");
});
