import { expect, test } from "vitest";
import { readComment } from "./comments.ts";

test.each([
  ["Tea.", { text: "Tea." }],
  [null, { text: "" }],
  ["type string[]", { text: "", type: "string[]" }],
  [
    "In order. {type SceneItem[] from ./scene.contract.ts}",
    { text: "In order.", type: "SceneItem[]", from: "./scene.contract.ts" },
  ],
  ["Why. {type { zh: string; en: string }}", { text: "Why.", type: "{ zh: string; en: string }" }],
  ["Names {in braces}.", { text: "Names {in braces}." }],
])("%s", (comment, said) => {
  expect(readComment(comment)).toEqual(said);
});
