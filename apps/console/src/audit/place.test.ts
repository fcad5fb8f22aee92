import { expect, test } from "vitest";
import { pages } from "../pages.ts";
import { placeOf } from "./place.ts";

test("a thing with a page of its own is seen there, whatever it is called", () => {
  const unnamed = { thingId: "p1", title: "" };
  expect(placeOf(unnamed, "audience.listPeople", pages)).toEqual({ name: "person", params: { personId: "p1" } });
  const named = { thingId: "f1", title: "品茶会" };
  expect(placeOf(named, "forms.list", pages)).toEqual({ name: "form-design", params: { formId: "f1" } });
});

test("another is looked for by its name, and nobody is sent to a list that is narrowed to nothing", () => {
  const named = { thingId: "k1", title: "收银系统" };
  expect(placeOf(named, "keys.list", pages)).toEqual({ name: "keys", query: { search: "收银系统" } });
  expect(placeOf({ ...named, title: "" }, "keys.list", pages)).toBeUndefined();
  expect(placeOf(named, null, pages)).toBeUndefined();
});
