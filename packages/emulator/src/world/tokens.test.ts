import { expect, test } from "vitest";
import { SeededRandom } from "../random.ts";
import { Rulebook } from "../wechat/rules.ts";
import { TokenBook } from "./tokens.ts";

const appid = "wx1";

function book(): { tokens: TokenBook; pass: (seconds: number) => void } {
  let nowMs = Date.UTC(2026, 4, 1, 4);
  const clock = { offsetMs: 0, now: () => new Date(nowMs) };
  return {
    tokens: new TokenBook(clock, new SeededRandom(1), new Rulebook()),
    pass: (seconds) => void (nowMs += seconds * 1000),
  };
}

test("token: each call gives another one, and the one before works five minutes longer", () => {
  const { tokens, pass } = book();
  const first = tokens.issue(appid);
  expect(first.expiresInSeconds).toBe(7200);
  const second = tokens.issue(appid);
  expect(second.value).not.toBe(first.value);
  pass(299);
  expect(tokens.look(first.value)).toEqual({ state: "valid", appid });
  pass(1);
  expect(tokens.look(first.value)).toEqual({ state: "invalid" });
  expect(tokens.look(second.value)).toEqual({ state: "valid", appid });
});

test("a token nobody replaced is expired after 7,200 seconds", () => {
  const { tokens, pass } = book();
  const { value } = tokens.issue(appid);
  pass(7200);
  expect(tokens.look(value)).toEqual({ state: "expired" });
  expect(tokens.look("never given out")).toEqual({ state: "invalid" });
});

test("stable_token: repeats the token until its last five minutes, then both work for five more", () => {
  const { tokens, pass } = book();
  const first = tokens.issueStable(appid, false);
  pass(6899);
  expect(tokens.issueStable(appid, false)).toEqual({ value: first.value, expiresInSeconds: 301 });
  pass(1);
  const second = tokens.issueStable(appid, false);
  expect(second).toMatchObject({ expiresInSeconds: 7200 });
  expect(second.value).not.toBe(first.value);
  pass(299);
  expect(tokens.look(first.value).state).toBe("valid");
  pass(1);
  expect(tokens.look(first.value).state).toBe("expired");
});

test("stable_token and token don't touch each other", () => {
  const { tokens } = book();
  const stable = tokens.issueStable(appid, false);
  tokens.issue(appid);
  tokens.issue(appid);
  tokens.issue(appid);
  expect(tokens.issueStable(appid, false).value).toBe(stable.value);
  expect(tokens.look(stable.value).state).toBe("valid");
});

test("a forced refresh within 30 seconds of the last gives the same token", () => {
  const { tokens, pass } = book();
  const first = tokens.issueStable(appid, false);
  const forced = tokens.issueStable(appid, true);
  expect(forced.value).not.toBe(first.value);
  pass(29);
  expect(tokens.issueStable(appid, true).value).toBe(forced.value);
  pass(1);
  expect(tokens.issueStable(appid, true).value).not.toBe(forced.value);
});

test("two forced refreshes 30 seconds apart stop a leaked token at once", () => {
  const { tokens, pass } = book();
  const leaked = tokens.issueStable(appid, false);
  tokens.issueStable(appid, true);
  expect(tokens.look(leaked.value).state).toBe("valid");
  pass(30);
  tokens.issueStable(appid, true);
  expect(tokens.look(leaked.value).state).toBe("invalid");
});

test("the twenty-first forced refresh of a day is none; the next day in China begins at 16:00 UTC", () => {
  const { tokens, pass } = book();
  tokens.issueStable(appid, false);
  for (let count = 0; count < 20; count += 1) {
    pass(30);
    tokens.issueStable(appid, true);
  }
  pass(30);
  const last = tokens.issueStable(appid, false).value;
  expect(tokens.issueStable(appid, true).value).toBe(last);
  pass(12 * 3600);
  const next = tokens.issueStable(appid, false).value;
  expect(tokens.issueStable(appid, true).value).not.toBe(next);
});

test("a voided token is invalid at once, and the next normal call gives another", () => {
  const { tokens } = book();
  const stable = tokens.issueStable(appid, false);
  const plain = tokens.issue(appid);
  expect(tokens.void(appid, "stable_token")).toBe(1);
  expect(tokens.look(stable.value).state).toBe("invalid");
  expect(tokens.look(plain.value).state).toBe("valid");
  const next = tokens.issueStable(appid, false);
  expect(next.value).not.toBe(stable.value);
  expect(tokens.look(next.value).state).toBe("valid");
});
