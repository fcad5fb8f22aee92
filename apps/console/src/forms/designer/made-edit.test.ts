import { draftProblem, madeFormProblem } from "@zhanggui/forms/made-form-guard";
import type { MadeForm } from "@zhanggui/forms/made-form";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  addPart,
  addStep,
  changeRequired,
  changeUi,
  entriesOf,
  movePart,
  placeBeside,
  removePart,
  removeStep,
  stepsOf,
} from "./made-edit.ts";
import { palette, partNames, partOf } from "./palette.ts";

const blank: MadeForm = { schema: { type: "object", properties: {} } };
const end = (parent = "", step = 0) => ({ parent, step, index: 99 });
const paths = (made: MadeForm) => entriesOf(made).map(({ path }) => path);
const three = partNames.slice(0, 3).reduce((made, part) => addPart(made, part, end()).made, blank);

describe("the palette", () => {
  test.for(partNames)("%s is known again, and makes a form that can be published", (part) => {
    const { made, path } = addPart(blank, part, end());
    const inside = part === "group" || part === "rows" ? addPart(made, "text", end(path)).made : made;
    expect(madeFormProblem(inside)).toBeUndefined();
    const { schema, ...more } = palette[part];
    expect(partOf(schema, "ui" in more ? more.ui : {})).toBe(part);
  });
});

describe("fields", () => {
  test("are added where somebody says, each under a name of its own", () => {
    expect(paths(three)).toEqual(["text1", "longText1", "number1"]);
    const { made, path } = addPart(three, "text", { parent: "", step: 0, index: 1 });
    expect(path).toBe("text2");
    expect(paths(made)).toEqual(["text1", "text2", "longText1", "number1"]);
  });

  test("are moved up and down, to the ends and no further", () => {
    expect(placeBeside(three, "text1", -1)).toBeUndefined();
    expect(placeBeside(three, "number1", 1)).toBeUndefined();
    const up = movePart(three, "number1", placeBeside(three, "number1", -1)!).made;
    expect(paths(up)).toEqual(["text1", "number1", "longText1"]);
    const down = movePart(three, "text1", placeBeside(three, "text1", 1)!).made;
    expect(paths(down)).toEqual(["longText1", "text1", "number1"]);
  });

  test("move into rows with their words and their being required, and out again under a free name", () => {
    const { made, path } = addPart(changeRequired(three, "text1", true), "rows", end());
    const labelled = changeUi(made, "text1", { label: { zh: "称呼", en: "Name" } });
    const within = movePart(labelled, "text1", { parent: path, step: 0, index: 0 });
    expect(within.path).toBe("rows1.text1");
    expect(within.made.ui?.fields?.["rows1.text1"]?.label?.zh).toBe("称呼");
    expect(within.made.schema.required).toBeUndefined();
    expect(within.made.schema.properties?.["rows1"]?.items?.required).toEqual(["text1"]);
    const again = addPart(within.made, "text", end());
    expect(movePart(again.made, "rows1.text1", end()).path).toBe("text2");
    // Not into itself.
    expect(movePart(within.made, "rows1", end("rows1")).made).toBe(within.made);
  });

  test("are removed with all that was said of them", () => {
    const { made, path } = addPart(three, "group", end());
    const full = addPart(made, "text", end(path)).made;
    const left = removePart(full, path);
    expect(paths(left)).toEqual(["text1", "longText1", "number1"]);
    expect(Object.keys(left.ui?.fields ?? {})).toEqual(["text1", "longText1", "number1"]);
  });
});

describe("steps", () => {
  const stepped = addStep(three);
  test("take every field, and a new one where it is put", () => {
    expect(stepsOf(stepped).map(({ fields }) => fields)).toEqual([["text1", "longText1", "number1"], []]);
    const more = addPart(stepped, "mail", end("", 1)).made;
    expect(stepsOf(more).map(({ fields }) => fields)).toEqual([["text1", "longText1", "number1"], ["mail1"]]);
    expect(madeFormProblem(more)).toBeUndefined();
  });

  test("are crossed by moving, and given up without losing a field", () => {
    const moved = movePart(stepped, "number1", placeBeside(stepped, "number1", 1)!).made;
    expect(stepsOf(moved).map(({ fields }) => fields)).toEqual([["text1", "longText1"], ["number1"]]);
    const back = movePart(moved, "number1", placeBeside(moved, "number1", -1)!).made;
    expect(stepsOf(back)[0]?.fields).toEqual(["text1", "longText1", "number1"]);
    const three = addStep(moved);
    expect(stepsOf(removeStep(three, 1)).map(({ fields }) => fields)).toEqual([["text1", "longText1", "number1"], []]);
    expect(removeStep(moved, 0).ui?.steps).toBeUndefined();
  });

  test("name the fields of a group one by one", () => {
    const { made, path } = addPart(stepped, "group", end("", 1));
    const full = addPart(addPart(made, "text", end(path)).made, "mail", end(path)).made;
    expect(stepsOf(full)[1]?.fields).toEqual(["group1.text1", "group1.mail1"]);
  });
});

test("any draft that is kept can be shown, whatever it says", () => {
  const names = fc.constantFrom("a", "b", "c");
  const odd = fc.oneof(fc.jsonValue({ maxDepth: 1 }), fc.constantFrom("object", "array", "string"));
  const { schema } = fc.letrec<{ schema: unknown }>((tie) => ({
    schema: fc.oneof(
      { depthSize: "small", withCrossShrink: true },
      odd,
      fc.record(
        {
          type: odd,
          properties: fc.oneof(
            { weight: 3, arbitrary: fc.dictionary(names, tie("schema")) },
            { weight: 1, arbitrary: odd },
          ),
          items: fc.oneof(tie("schema"), odd),
          required: fc.oneof(fc.array(names), odd),
          enum: fc.oneof(fc.array(names), odd),
          maxLength: odd,
        },
        { requiredKeys: [] },
      ),
    ),
  }));
  let kept = 0;
  fc.assert(
    fc.property(fc.dictionary(names, schema), (properties) => {
      const made = { schema: { type: "object", properties } };
      if (draftProblem(made) !== undefined) return;
      kept += 1;
      for (const { path } of entriesOf(made as MadeForm))
        removePart(addPart(made as MadeForm, "text", end(path)).made, path);
    }),
    { numRuns: 1000 },
  );
  expect(kept).toBeGreaterThan(50);
});
