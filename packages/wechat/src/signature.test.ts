import { getSignature } from "@wecom/crypto";
import fc from "fast-check";
import { expect, test } from "vitest";
import { sign, signatureMatches } from "./signature.ts";

test("the published vectors of the URL check and of a plain push", () => {
  expect(sign("AAAAA", "1714036504", "1514711492")).toBe("f464b24fc39322e44b38aa78f5edd27bd1441696");
  expect(sign("AAAAA", "1714037059", "486452656")).toBe("899cf89e464efb63f54ddac96b0a0a235f53aa78");
});

test("agrees with an independent implementation on any texts", () => {
  fc.assert(
    fc.property(
      fc.string(),
      fc.string(),
      fc.string(),
      fc.string({ unit: "grapheme" }),
      (token, timestamp, nonce, text) => {
        expect(sign(token, timestamp, nonce, text)).toBe(getSignature(token, timestamp, nonce, text));
      },
    ),
  );
});

test("another signature, length, case or part does not match", () => {
  const signature = sign("token", "1714036504", "nonce");
  expect(signatureMatches(signature, "token", "1714036504", "nonce")).toBe(true);
  expect(signatureMatches(signature, "token", "1714036505", "nonce")).toBe(false);
  expect(signatureMatches(signature.toUpperCase(), "token", "1714036504", "nonce")).toBe(false);
  expect(signatureMatches(signature.slice(1), "token", "1714036504", "nonce")).toBe(false);
  expect(signatureMatches("", "token", "1714036504", "nonce")).toBe(false);
  expect(signatureMatches("é".repeat(20), "token", "1714036504", "nonce")).toBe(false);
});
