import { expect, test } from "vitest";
import { lineOf, offsetOf, placesIn } from "./json-places.ts";

test.for(["0", "-1.5e-7", `"\\u00e9\\n😀"`, "[]", "{}", "[[],{},[{}]]", `{"":{"a b":[1,null,true,false,"x"]},"~/":0}`])(
  "whatever JSON there is is walked to its end, however it is laid out: %s",
  (text) => {
    for (const indent of [undefined, 2, "\t"])
      expect(placesIn(JSON.stringify(JSON.parse(text), undefined, indent)).stopsAt).toBeUndefined();
  },
);

test.for([
  [`{"a": 1,}`, 8],
  [`{"a" 1}`, 5],
  [`{"a": tru}`, 6],
  [`{"a": "x}`, 6],
  [`{} x`, 3],
  ["", 0],
  ["[".repeat(100_000), 0],
] as const)("what isn't JSON stops where it goes wrong: %s", ([text, offset]) => {
  const { stopsAt } = placesIn(text);
  if (text.length < 100) expect(stopsAt).toBe(offset);
  else expect(stopsAt).toBeDefined();
  expect(() => JSON.parse(text) as unknown).toThrow();
});

test("a place leads to its line, or to what is around it", () => {
  const text = JSON.stringify(
    { schema: { properties: { "a/b": { pattern: "^x" } } }, ui: [1, { c: 2 }] },
    undefined,
    2,
  );
  const line = (pointer: string) => text.split("\n")[lineOf(text, offsetOf(placesIn(text), pointer)).line - 1]?.trim();
  expect(line("/schema/properties/a~1b/pattern")).toBe(`"pattern": "^x"`);
  expect(line("/schema/properties/gone/deep")).toBe(`"properties": {`);
  expect(line("/ui/1/c")).toBe(`"c": 2`);
});
