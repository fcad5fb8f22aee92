import { expect, test } from "vitest";
import { readEnv } from "./env.ts";

const key = (fill: number): string => Buffer.alloc(32, fill).toString("base64");
const good = {
  DATABASE_URL: "postgres://someone@127.0.0.1/zhanggui",
  SECRET_KEY: key(0),
  JWT_SECRET: "x".repeat(32),
};

/** The lines of what is said, without the first. */
function complaints(variables: Readonly<Record<string, string>>): string[] {
  try {
    readEnv(variables);
  } catch (error) {
    return error instanceof Error ? error.message.split("\n").slice(1) : [];
  }
  return [];
}

test("every variable that is wrong is named in one go: as it was set, once, with an example", () => {
  expect(complaints({ PORT: "high", SECRET_KEY: "short", ROLE: "king", UNREADY_SECONDS: "-1", DEMO: "maybe" })).toEqual(
    [
      "  DATABASE_URL is missing. It is the address of a PostgreSQL database, such as postgres://user:password@127.0.0.1:5432/zhanggui.",
      "  ROLE is wrong. It is one of all, api, worker, such as all.",
      "  PORT is wrong. It is a whole number from 0 to 65535, such as 8790.",
      "  SECRET_KEY is wrong. It is 32 bytes in base64, such as what `openssl rand -base64 32` prints.",
      "  JWT_SECRET is missing. It is at least 32 characters that nobody can guess, such as what `openssl rand -base64 48` prints.",
      "  UNREADY_SECONDS is wrong. It is a number from 0 to 300, such as 3.",
      "  DEMO is wrong. It is 1 or 0, such as 1.",
    ],
  );
});

test("of two addresses of the database the one that is wrong is named, and no value is repeated", () => {
  const secret = "https://user:secret@example.com";
  expect(complaints({ ...good, DATABASE_URL: secret })).toEqual([expect.stringMatching(/^ {2}DATABASE_URL is wrong/)]);
  const direct = complaints({ ...good, DATABASE_DIRECT_URL: secret, TRUSTED_PROXIES: "10.0.0.0/8, secret" });
  expect(direct).toEqual([
    expect.stringMatching(/^ {2}DATABASE_DIRECT_URL is wrong/),
    expect.stringMatching(/^ {2}TRUSTED_PROXIES \(number 2\) is wrong/),
  ]);
  expect(direct.join()).not.toContain("secret@");
});

test("defaults hold for what is absent or empty", () => {
  expect(readEnv({ ...good, ROLE: "" })).toMatchObject({
    ROLE: "all",
    PORT: 8790,
    DEMO: false,
    DATABASE_POOL_SIZE: 20,
  });
  expect(readEnv(good).DATABASE_DIRECT_URL).toBe(good.DATABASE_URL);
  expect(readEnv({ ...good, PUBLIC_URL: "https://tea.example//" }).PUBLIC_URL).toBe("https://tea.example");
});

test("each address takes only what it can be used with", () => {
  expect(() => readEnv({ ...good, DATABASE_URL: "https://example.com" })).toThrow(/DATABASE_URL/);
  expect(() => readEnv({ ...good, SMTP_URL: "postgres://x/y" })).toThrow(/SMTP_URL/);
  expect(() => readEnv({ ...good, PUBLIC_URL: "ftp://example.com" })).toThrow(/PUBLIC_URL/);
});

test.each([
  { HOST: "0.0.0.0" },
  { HOST: "::" },
  { HOST: "192.168.1.7" },
  { PUBLIC_URL: "https://tea.example" },
  { PUBLIC_URL: "http://127.0.0.1.tea.example" },
])("the demo refuses to run where others could reach it: %o", (where) => {
  expect(() => readEnv({ ...good, DEMO: "1", ...where })).toThrow(/DEMO: .*not loopback/);
  expect(readEnv({ ...good, ...where }).DEMO).toBe(false);
});

test.each([
  { HOST: "127.0.0.1", PUBLIC_URL: "http://127.0.0.1:8790" },
  { HOST: "::1", PUBLIC_URL: "http://[::1]:8790" },
  { HOST: "localhost", PUBLIC_URL: "http://localhost:8790/" },
])("the demo runs on this machine: %o", (where) => {
  expect(readEnv({ ...good, DEMO: "1", ...where }).DEMO).toBe(true);
});

test("a turned clock and the demo are refused in production", () => {
  expect(() => readEnv({ ...good, DEMO: "1", NODE_ENV: "production" })).toThrow(/DEMO/);
  const both = { ...good, DEMO: "1", CLOCK_OFFSET_MS: "1000", NODE_ENV: "production" };
  expect(() => readEnv(both)).toThrow(/CLOCK_OFFSET_MS[^]*DEMO/);
  expect(() => readEnv({ ...good, CLOCK_OFFSET_MS: "1000", NODE_ENV: "production" })).toThrow(/CLOCK_OFFSET_MS/);
});

test("one key is a ring of one; a single secret may hold a comma, a ring may hold blanks", () => {
  const comma = `${"x".repeat(32)},y`;
  expect(readEnv({ ...good, JWT_SECRET: comma })).toMatchObject({ SECRET_KEYS: [key(0)], JWT_SECRETS: [comma] });
  const { SECRET_KEY: _one, ...rest } = good;
  expect(readEnv({ ...rest, SECRET_KEYS: `${key(1)}, ${key(0)}` }).SECRET_KEYS).toEqual([key(1), key(0)]);
});

test("a ring beside a single key is refused, and so is a ring with a bad key in it", () => {
  expect(() => readEnv({ ...good, SECRET_KEYS: key(1) })).toThrow("SECRET_KEYS and SECRET_KEY are both set");
  const { JWT_SECRET: _one, ...rest } = good;
  expect(() => readEnv({ ...rest, JWT_SECRETS: `${"x".repeat(32)},short` })).toThrow(
    /JWT_SECRETS \(number 2\) is wrong/,
  );
  expect(() => readEnv({ ...rest, JWT_SECRETS: "," })).toThrow(/JWT_SECRETS \(number 1\) is wrong/);
});
