import { expect, test } from "vitest";
import { router } from "../router.ts";
import { takeSetupToken } from "./setup-token.ts";

test("the token is read from the fragment, and nothing of it stays in the address", () => {
  const { token, rest } = takeSetupToken(router.resolve("/login?to=/people#token=a+b%2Fc="));
  expect(token).toBe("a+b/c=");
  expect(router.resolve({ name: "login", ...rest }).fullPath).toBe("/login?to=/people");
});

test("a token in the query is read too, and leaves the address all the same", () => {
  const { token, rest } = takeSetupToken(router.resolve("/login?token=secret&to=/people"));
  expect(token).toBe("secret");
  expect(router.resolve({ name: "login", ...rest }).fullPath).toBe("/login?to=/people");
});

test("when both are there the fragment counts, and both leave", () => {
  const { token, rest } = takeSetupToken(router.resolve("/login?token=old#token=new"));
  expect(token).toBe("new");
  expect(router.resolve({ name: "login", ...rest }).fullPath).toBe("/login");
});

test("an address without a token stays as it is", () => {
  const { token, rest } = takeSetupToken(router.resolve("/login?to=/people#top"));
  expect(token).toBe("");
  expect(router.resolve({ name: "login", ...rest }).fullPath).toBe("/login?to=/people#top");
});
