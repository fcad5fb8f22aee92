import { expect, test } from "vitest";
import { readEntityTags, writeEntityTag } from "./entity-tag.ts";

test("a version that was written matches itself, alone and in a list, and no other", () => {
  for (const header of [writeEntityTag(7), `"6", "7"`, `W/"5","7"`]) {
    const tags = readEntityTags(header);
    expect([tags?.matches(7), tags?.matches("7"), tags?.matches(70)], header).toEqual([true, true, false]);
  }
  expect(readEntityTags(" * ")?.matches("anything")).toBe(true);
});

test("a weak tag matches nothing (RFC 9110 §13.1.1), and what is no tag is none", () => {
  expect(readEntityTags('W/"7"')?.matches(7)).toBe(false);
  for (const header of ["", "7", '"7', '7"', '"7" "8"', '"a"b', "**"])
    expect(readEntityTags(header), header).toBe(undefined);
});

test("who hasn't seen the version is refused", () => {
  expect(() => readEntityTags('"6"')?.demand(7)).toThrow("kit.precondition_failed");
});
