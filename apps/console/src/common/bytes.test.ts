import { expect, test } from "vitest";
import { bytesText } from "./bytes.ts";

test.each([
  [0, "0 B"],
  [812, "812 B"],
  [1000, "1 KB"],
  [3482, "3.4 KB"],
  [1024 * 1024 - 1, "1 MB"],
  [120 * 1024 * 1024, "120 MB"],
  [5 * 1024 ** 3, "5 GB"],
])("%i bytes are %s", (bytes, text) => {
  expect(bytesText(bytes)).toBe(text);
});
