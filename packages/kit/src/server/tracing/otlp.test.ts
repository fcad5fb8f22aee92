import { expect, test } from "vitest";
import { toOtlp } from "./otlp.ts";
import { rootSpanId, type Span } from "./spans.ts";

const span: Span = {
  traceId: "a".repeat(32),
  spanId: "b".repeat(16),
  parentId: "c".repeat(16),
  name: "GET tea",
  kind: "server",
  startMs: 1_700_000_000_000.123,
  endMs: 1_700_000_000_001,
  attributes: { text: "call 13812345678", whole: 3, part: 0.5, yes: true, none: undefined },
  error: new Error("password=oolong"),
};

test("ids stay hexadecimal, 64-bit numbers are texts, texts are masked", () => {
  const [resource] = toOtlp([span], { "service.name": "tea" }).resourceSpans;
  expect(resource!.resource.attributes).toEqual([{ key: "service.name", value: { stringValue: "tea" } }]);
  const [made] = resource!.scopeSpans[0]!.spans;
  expect(made).toMatchObject({
    traceId: "a".repeat(32),
    spanId: "b".repeat(16),
    parentSpanId: "c".repeat(16),
    kind: 2,
    endTimeUnixNano: "1700000000001000000",
    status: { code: 2, message: "password=[redacted]" },
  });
  expect(made!.startTimeUnixNano).toMatch(/^170000000000012\d{4}$/);
  expect(made!.attributes).toEqual([
    { key: "text", value: { stringValue: "call 138****5678" } },
    { key: "whole", value: { intValue: "3" } },
    { key: "part", value: { doubleValue: 0.5 } },
    { key: "yes", value: { boolValue: true } },
    { key: "error.type", value: { stringValue: "Error" } },
  ]);
});

test("a trace of ours says itself which span it begins with, another's doesn't", () => {
  expect(rootSpanId("0af7651916cd43dd8448eb211c80319c")).toBe("0af7651916cd43dd");
  expect(rootSpanId("4bf92f3577b34da6a3ce929d0e0e4736")).toBe("4bf92f3577b34da6");
  expect(rootSpanId("4bf92f3577b39da6a3ce929d0e0e4736")).toBeUndefined();
});
