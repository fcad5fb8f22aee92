import { expect, test } from "vitest";
import { z } from "zod";
import { editorFor } from "./setting-schema.ts";

test.for([
  [
    "whole numbers with their range",
    z.int().min(100).max(4500),
    { kind: "number", isInteger: true, min: 100, max: 4500 },
  ],
  ["whole numbers without one", z.int(), { kind: "number", isInteger: true, min: undefined, max: undefined }],
  [
    "limits that are left out themselves",
    z.int().positive().max(9),
    { kind: "number", isInteger: true, min: 1, max: 9 },
  ],
  ["numbers", z.number().max(1), { kind: "number", isInteger: false, min: undefined, max: 1 }],
  ["switches", z.boolean(), { kind: "switch" }],
  ["texts", z.string().max(20), { kind: "text", maxLength: 20 }],
  ["choices", z.enum(["a", "b"]), { kind: "choice", options: ["a", "b"] }],
  ["texts of any number", z.array(z.string().max(9)), { kind: "lines" }],
  ["anything else as JSON", z.array(z.int()), { kind: "json" }],
] as const)("%s have their field", ([, schema, expected]) => {
  expect(editorFor(z.toJSONSchema(schema))).toEqual(expected);
});
