import { platformTenantId } from "@zhanggui/kit/server/queue/definition";
import { expect, test } from "vitest";
import { readLine } from "./read-line.ts";

test("a bare line is kept, for no tenant and in no trace", () => {
  expect(readLine('{"level":30,"time":1796043952306,"message":"ready","role":"all"}\n')).toMatchObject({
    tenant_id: platformTenantId,
    at: "2026-11-30T13:05:52.306Z",
    level: "info",
    module: "",
    message: "ready",
    trace_id: "",
    fields: { role: "all" },
  });
});

test.each(["", "tea", "[]", "{}", '{"level":30}', '{"time":1}'])("%j is no line", (text) => {
  expect(readLine(text)).toBeUndefined();
});
