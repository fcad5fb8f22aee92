/**
 * In place of `@ctrl/tinycolor` (9 kB): Element Plus computes with it the shades of a button that is given a `color` of
 * its own, which the console's never are.
 */
export class TinyColor {
  constructor() {
    throw new Error("a button's colour is one of the theme's: use `type`");
  }
}
