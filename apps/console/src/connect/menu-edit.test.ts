import { expect, test } from "vitest";
import { added, buttonAt, emptyButton, moved, type Spot, without, withButton } from "./menu-edit.ts";

const top = (name: string, ...below: string[]) => ({
  ...emptyButton(),
  name,
  below: below.map((each) => {
    const { below: _, ...leaf } = { ...emptyButton(), name: each };
    return leaf;
  }),
});
const menu = () => [top("a", "a1", "a2", "a3"), top("b"), top("c", "c1")];
const told = (buttons: ReturnType<typeof menu>) =>
  buttons.map(({ name, below }) => [name, ...below.map((each) => each.name)].join(" "));
const spot = (at: number, below: number | null = null): Spot => ({ at, below });

test("a new one stands behind the others, and is where it says", () => {
  for (const under of [null, 0, 1]) {
    const { buttons, spot: where } = added(menu(), under);
    expect(buttonAt(buttons, where)).toMatchObject({ name: "", kind: "view" });
  }
  expect(told(added(menu(), 1).buttons)[1]).toBe("b ");
});

test("one that is changed or taken away leaves the others as they are", () => {
  expect(told(withButton(menu(), spot(0, 1), { name: "x" }))).toEqual(["a a1 x a3", "b", "c c1"]);
  expect(told(withButton(menu(), spot(1), { name: "x" }))).toEqual(["a a1 a2 a3", "x", "c c1"]);
  expect(told(without(menu(), spot(0, 1)))).toEqual(["a a1 a3", "b", "c c1"]);
  expect(told(without(menu(), spot(0)))).toEqual(["b", "c c1"]);
});

test.for([
  ["to the right", spot(0), spot(1), ["b", "a a1 a2 a3", "c c1"], spot(1)],
  ["to the left", spot(2), spot(0), ["c c1", "a a1 a2 a3", "b"], spot(0)],
  ["up below", spot(0, 2), spot(0, 0), ["a a3 a1 a2", "b", "c c1"], spot(0, 0)],
  ["down below", spot(0, 0), spot(0, 2), ["a a2 a3 a1", "b", "c c1"], spot(0, 2)],
  ["to another one's", spot(0, 0), spot(2, 1), ["a a2 a3", "b", "c c1 a1"], spot(2, 1)],
  ["from below to the top", spot(0, 0), spot(3), ["a a2 a3", "b", "c c1", "a1"], spot(3)],
  ["from the top below the next", spot(1), spot(2, 0), ["a a1 a2 a3", "c b c1"], spot(1, 0)],
  ["below itself: nowhere", spot(1), spot(1, 0), ["a a1 a2 a3", "b", "c c1"], spot(1)],
  ["with others below, below another: nowhere", spot(0), spot(1, 0), ["a a1 a2 a3", "b", "c c1"], spot(0)],
  ["beyond the ends: to the end", spot(0), spot(9), ["b", "c c1", "a a1 a2 a3"], spot(2)],
] as const)("a button moves %s", ([, from, to, expected, where]) => {
  const { buttons, spot: landed } = moved(menu(), from, to);
  expect(told(buttons)).toEqual(expected);
  expect(landed).toEqual(where);
});
