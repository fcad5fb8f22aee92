import fc from "fast-check";
import { expect, test } from "vitest";
import { ParseError } from "./fields.ts";
import { parseJsonFields, parseReplyJson } from "./json.ts";

function refusal(source: string): string {
  try {
    parseJsonFields(source);
  } catch (error) {
    if (error instanceof ParseError) return error.reason;
    throw error;
  }
  return "none";
}

test("numbers keep every digit, as texts", () => {
  const fields = parseJsonFields(
    '{"MsgId":18446744073709551615,"CreateTime":1714037059,"Location_X":23.130,"a":[{"b":1.0}],"n":null,"t":true}',
  );
  expect(JSON.parse(JSON.stringify(fields))).toEqual({
    MsgId: "18446744073709551615",
    CreateTime: "1714037059",
    Location_X: "23.130",
    a: [{ b: "1.0" }],
    t: "true",
  });
});

test("refuses what isn't an object, is cut, holds a NUL, in a name or a text, or is too deep", () => {
  for (const source of [
    "",
    "[]",
    "1",
    "null",
    '"x"',
    '{"a":1',
    '{"a":"\\u0000"}',
    '{"\\u0000":"a"}',
    "{a:1}",
    '{"a":[1}',
  ]) {
    expect(refusal(source), source).toBe("malformed");
  }
  expect(refusal(`{"a":${"[".repeat(50_000)}`)).toBe("too_large");
  expect(refusal(`{"a":${"[".repeat(50)}${"]".repeat(50)}}`)).toBe("too_large");
  expect(refusal(String.raw`{"a":"[[[[[[[[[[[[[[\"[[[[[[[[[[\\"}`)).toBe("none");
});

test("names like __proto__ are only names, and half characters are made whole", () => {
  const fields = parseJsonFields('{"__proto__":{"admin":"1"},"Content":"a\\ud83c","b\\ud83c":"1"}');
  expect(Object.keys(fields)).toEqual(["__proto__", "Content", "b\uFFFD"]);
  expect(({} as Record<string, unknown>)["admin"]).toBeUndefined();
  expect(fields["Content"]).toBe("a\uFFFD");
});

test("a reply's long ids become texts, its other values stay", () => {
  expect(parseReplyJson('{"msgid":9007199254740993,"errcode":0,"x":1.5,"s":"9007199254740993"}')).toEqual({
    msgid: "9007199254740993",
    errcode: 0,
    x: 1.5,
    s: "9007199254740993",
  });
});

test("no text makes it throw anything but its own error", () => {
  const sources = fc.oneof(fc.string(), fc.json({ maxDepth: 12 }));
  fc.assert(
    fc.property(sources, (source) => {
      expect(["none", "malformed", "too_large"]).toContain(refusal(source));
    }),
    { numRuns: 1_000 },
  );
});
