import { expect, test } from "vitest";
import { createLog } from "./log.ts";

test("secrets are struck out wherever they stand", () => {
  const lines: string[] = [];
  const log = createLog("info", { write: (line) => lines.push(line) });
  log.info(
    { password: "p4ss", body: { appSecret: "s3cret", deep: { accessToken: "t0ken" } }, login: "owner" },
    "hello",
  );
  expect(lines.join()).not.toMatch(/p4ss|s3cret|t0ken/);
  expect(JSON.parse(lines[0]!)).toMatchObject({ login: "owner", message: "hello", password: "[struck out]" });
});
