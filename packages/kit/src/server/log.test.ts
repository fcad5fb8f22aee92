import { expect, test } from "vitest";
import { createLog } from "./log.ts";

test("secrets are struck out wherever they stand", () => {
  const lines: string[] = [];
  const log = createLog("info", { write: (line) => lines.push(line) });
  log.info(
    { password: "p4ss", body: { appSecret: "s3cret", deep: { accessToken: "t0ken" } }, login: "owner" },
    "hello",
  );
  log.info({
    currentPassword: "p4ss",
    SECRET_KEY: "s3cret",
    headers: { Authorization: "t0ken", "set-cookie": ["s3cret"] },
    deep: { deep: { deep: { deep: { refresh_token: "t0ken" } } } },
    sentence: "could not reach postgres://zhanggui:p4ss@127.0.0.1/zhanggui",
  });
  const failed = new Error("no way to smtp://someone:p4ss@mail.example", { cause: new Error("p4ss: s3cret") });
  log.error({ err: Object.assign(failed, { config: { appSecret: "s3cret" }, cause: undefined }) }, "it failed");
  expect(lines.join()).not.toMatch(/p4ss|s3cret|t0ken/);
  expect(JSON.parse(lines[0]!)).toMatchObject({ login: "owner", message: "hello", password: "[redacted]" });
});
