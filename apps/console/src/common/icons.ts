import { shallowReactive } from "vue";
import type { moreIcons } from "./more-icons.ts";

/** Strokes on a 16 × 16 grid, drawn in the colour of the text beside them: those that pages before the login draw. */
const first = {
  copy: "M5.5 5.5h8v8h-8zM10.5 5.5v-3h-8v8h3",
  check: "M2.5 8.5 6.5 12l7-8",
  cross: "M4 4l8 8M12 4l-8 8",
  left: "M10 4 6 8l4 4",
} as const;
type First = keyof typeof first;
export type IconName = First | keyof typeof moreIcons;

const known = shallowReactive<Partial<Record<IconName, string>>>({ ...first });

/** The shell brings the others along with itself. */
export function addIcons(more: Readonly<Record<Exclude<IconName, First>, string>>): void {
  Object.assign(known, more);
}

/** Drawn when it is there: what is outside of the shell and needs another one asks for them. */
export function iconPath(name: IconName): string {
  const path = known[name];
  if (path === undefined) void import("./more-icons.ts").then(({ moreIcons }) => addIcons(moreIcons));
  return path ?? "";
}
