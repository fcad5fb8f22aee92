import { draftProblem } from "@zhanggui/forms/made-form-guard";
import type { Misfit } from "@zhanggui/forms/words";

/** Where things stand in a JSON text: for errors that lead to a line. */
export interface Places {
  /** By JSON pointer, the offset at which a value, or the name of a property, begins. */
  readonly at: ReadonlyMap<string, number>;
  /** Where it stops being JSON; undefined if it is. */
  readonly stopsAt: number | undefined;
}

const space = /[\t\n\r ]*/y;
const scalar =
  /"(?:[^"\\\p{Cc}]|\\(?:["\\/bfnrt]|u[\da-fA-F]{4}))*"|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null/uy;

class Stop extends Error {}

/** Walks through a text once, as JSON (RFC 8259) is written, without making anything of it. */
export function placesIn(text: string): Places {
  const at = new Map<string, number>();
  let offset = 0;
  const skip = (pattern: RegExp): string => {
    pattern.lastIndex = offset;
    const found = pattern.exec(text)?.[0] ?? "";
    offset += found.length;
    return found;
  };
  const take = (sign: string): boolean => {
    skip(space);
    if (text[offset] !== sign) return false;
    offset += 1;
    return true;
  };
  const demand = (isRight: boolean): void => {
    if (!isRight) throw new Stop();
  };
  const members = (end: string, member: (index: number) => void): void => {
    if (take(end)) return;
    for (let index = 0; ; index += 1) {
      member(index);
      if (take(end)) return;
      demand(take(","));
    }
  };
  const value = (pointer: string): void => {
    skip(space);
    if (!at.has(pointer)) at.set(pointer, offset);
    if (take("{"))
      return members("}", () => {
        skip(space);
        const start = offset;
        const name = skip(scalar);
        demand(name.startsWith('"'));
        const step = (JSON.parse(name) as string).replaceAll("~", "~0").replaceAll("/", "~1");
        at.set(`${pointer}/${step}`, start);
        demand(take(":"));
        value(`${pointer}/${step}`);
      });
    if (take("[")) return members("]", (index) => value(`${pointer}/${index}`));
    demand(skip(scalar) !== "");
  };
  try {
    value("");
    skip(space);
    return { at, stopsAt: offset === text.length ? undefined : offset };
  } catch (error) {
    if (!(error instanceof Stop || error instanceof RangeError)) throw error;
    return { at, stopsAt: offset };
  }
}

/** The offset of what a pointer names, or of the closest around it. */
export function offsetOf({ at }: Places, pointer: string): number {
  for (let wanted = pointer; ; wanted = wanted.slice(0, wanted.lastIndexOf("/"))) {
    const found = at.get(wanted);
    if (found !== undefined || wanted === "") return found ?? 0;
  }
}

/** The line and the column of an offset, both from 1 on. */
export function lineOf(text: string, offset: number): { readonly line: number; readonly column: number } {
  const before = text.slice(0, offset).split("\n");
  return { line: before.length, column: (before.at(-1)?.length ?? 0) + 1 };
}

/** Where a form's JSON can't be read, and why; without a reason where it is none. Undefined for what can be. */
export function misreadOf(text: string): { readonly offset: number; readonly why?: Misfit } | undefined {
  const places = placesIn(text);
  if (places.stopsAt !== undefined) return { offset: places.stopsAt };
  const why = draftProblem(JSON.parse(text));
  return why && { offset: offsetOf(places, why.at), why };
}
