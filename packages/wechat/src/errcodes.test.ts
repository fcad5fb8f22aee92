import { expect, test } from "vitest";
import { errcodes, explainErrcode } from "./errcodes.ts";

test("every code is explained in both languages, with its source", () => {
  for (const [errcode, { zh, en, source }] of Object.entries(errcodes)) {
    expect(zh, errcode).toMatch(/\p{Script=Han}.*。$/u);
    expect(en, errcode).toMatch(/^[A-Z][^\p{Script=Han}]*\.$/u);
    expect(source, errcode).not.toBe("");
  }
});

test("a code that isn't listed is explained too, whatever it is called", () => {
  expect(explainErrcode(99_999_999).kind).toBe("other");
  expect(explainErrcode(Number.NaN).kind).toBe("other");
  expect(explainErrcode(45_015)).toMatchObject({ kind: "recipient" });
});
