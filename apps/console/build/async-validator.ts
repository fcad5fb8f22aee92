/**
 * In place of `async-validator` (6 kB): Element Plus checks forms with it that are given `rules`, which the console's
 * never are. They say themselves what is missing, and the server what is wrong.
 */
class Schema {
  constructor() {
    throw new Error("a form has no rules of Element Plus: give its items an `error`");
  }
}

// Element Plus imports it so.
// oxlint-disable-next-line import/no-default-export
export { Schema as default };
