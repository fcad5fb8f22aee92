import { expect, test } from "vitest";
import { readEnv } from "./env.ts";

const key = (fill: number): string => Buffer.alloc(32, fill).toString("base64");
const good = {
  DATABASE_URL: "postgres://someone@127.0.0.1/zhanggui",
  SECRET_KEY: key(0),
  JWT_SECRET: "x".repeat(32),
};

test("every variable that is wrong is named in one go", () => {
  expect(() => readEnv({ PORT: "high", SECRET_KEY: "short" })).toThrow(
    /DATABASE_URL.*\n.*PORT.*\n.*SECRET_KEYS.*\n.*JWT_SECRETS: is missing \(or JWT_SECRET/s,
  );
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
  expect(() => readEnv({ ...good, SECRET_KEYS: key(1) })).toThrow("SECRET_KEYS: SECRET_KEY is set too");
  const { JWT_SECRET: _one, ...rest } = good;
  expect(() => readEnv({ ...rest, JWT_SECRETS: `${"x".repeat(32)},short` })).toThrow(/JWT_SECRETS\.1/);
  expect(() => readEnv({ ...rest, JWT_SECRETS: "," })).toThrow(/JWT_SECRETS\.0/);
});
