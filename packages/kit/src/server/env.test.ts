import { expect, test } from "vitest";
import { readEnv } from "./env.ts";

const good = {
  DATABASE_URL: "postgres://someone@127.0.0.1/zhanggui",
  SECRET_KEY: Buffer.alloc(32).toString("base64"),
  JWT_SECRET: "x".repeat(32),
};

test("every variable that is wrong is named in one go", () => {
  expect(() => readEnv({ PORT: "high", SECRET_KEY: "short" })).toThrow(
    /DATABASE_URL.*\n.*PORT.*\n.*SECRET_KEY.*\n.*JWT_SECRET/s,
  );
});

test("defaults hold for what is absent or empty", () => {
  expect(readEnv({ ...good, ROLE: "" })).toMatchObject({ ROLE: "all", PORT: 8790, DEMO: false });
  expect(readEnv({ ...good, PUBLIC_URL: "https://tea.example//" }).PUBLIC_URL).toBe("https://tea.example");
});

test("each address takes only what it can be used with", () => {
  expect(() => readEnv({ ...good, DATABASE_URL: "https://example.com" })).toThrow(/DATABASE_URL/);
  expect(() => readEnv({ ...good, SMTP_URL: "postgres://x/y" })).toThrow(/SMTP_URL/);
  expect(() => readEnv({ ...good, PUBLIC_URL: "ftp://example.com" })).toThrow(/PUBLIC_URL/);
});

test("a turned clock and the demo are refused in production", () => {
  expect(() => readEnv({ ...good, DEMO: "1", NODE_ENV: "production" })).toThrow(/DEMO/);
  expect(() => readEnv({ ...good, CLOCK_OFFSET_MS: "1000", NODE_ENV: "production" })).toThrow(/CLOCK_OFFSET_MS/);
});
