// @ts-check

/**
 * @typedef {Node | string | number | null | false | undefined} Child
 * @typedef {Record<string, string | number | boolean | null | undefined | ((event: Event) => void)>} Properties
 */

/**
 * Makes an element. `on…` properties are listeners; `class` and `data-…` are attributes; a true attribute is empty, a
 * false one absent; the rest (value, disabled, …) are properties where the element has them.
 * @param {string} tag
 * @param {Properties | null} [properties]
 * @param {...(Child | Child[])} children
 * @returns {HTMLElement}
 */
export function h(tag, properties, ...children) {
  const element = document.createElement(tag);
  for (const [key, value] of Object.entries(properties ?? {})) set(element, key, value);
  append(element, children);
  return element;
}

/**
 * @param {HTMLElement} element
 * @param {string} key
 * @param {Properties[string]} value
 */
function set(element, key, value) {
  if (value === undefined || value === null) return;
  if (typeof value === "function") element.addEventListener(key.slice(2), value);
  else if (key === "hue") element.style.setProperty("--hue", String(value));
  else if (key in element && !key.includes("-")) Reflect.set(element, key, value);
  else if (value !== false) element.setAttribute(key, value === true ? "" : String(value));
}

/**
 * @param {Element} element
 * @param {(Child | Child[])[]} children
 */
function append(element, children) {
  for (const child of children.flat()) {
    if (child === null || child === undefined || child === false) continue;
    element.append(child instanceof Node ? child : String(child));
  }
}

/**
 * Replaces what is in an element.
 * @param {Element} element
 * @param {...(Child | Child[])} children
 */
export function fill(element, ...children) {
  element.replaceChildren();
  append(element, children);
}

/** Line drawings on a 24 × 24 grid. */
const drawings = {
  back: "M15 5l-7 7 7 7",
  forward: "M9 5l7 7-7 7",
  plus: "M12 5v14M5 12h14",
  more: "M6 12h.01M12 12h.01M18 12h.01",
  keyboard: "M3 7h18v10H3zM7 11h.01M11 11h.01M15 11h.01M8 14h8",
  list: "M5 7h14M5 12h14M5 17h14",
  picture: "M4 5h16v14H4zM4 16l5-5 4 4 3-3 4 4M15.5 9h.01",
  pin: "M12 21c4-5 6-8 6-11a6 6 0 0 0-12 0c0 3 2 6 6 11zM12 12a2 2 0 1 0 0-4 2 2 0 0 0 0 4z",
  scan: "M4 8V4h4M16 4h4v4M20 16v4h-4M8 20H4v-4M4 12h16",
  link: "M10 14a4 4 0 0 0 6 0l3-3a4 4 0 0 0-6-6l-1 1M14 10a4 4 0 0 0-6 0l-3 3a4 4 0 0 0 6 6l1-1",
  sound: "M5 10v4h3l4 4V6L8 10zM16 9a4 4 0 0 1 0 6",
  film: "M4 5h16v14H4zM10 9l5 3-5 3z",
  mail: "M3 6h18v12H3zM3 7l9 7 9-7",
};

/**
 * A line drawing; it says nothing to a screen reader, so the button around it needs a label.
 * @param {keyof typeof drawings} name
 * @returns {SVGElement}
 */
export function icon(name) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
  path.setAttribute("d", drawings[name]);
  svg.append(path);
  return svg;
}

/**
 * A coloured tile with the first character of a name.
 * @param {string} name
 * @param {"round" | ""} [shape]
 */
export function avatar(name, shape = "") {
  let hue = 17;
  for (const character of name) hue = (hue * 31 + (character.codePointAt(0) ?? 0)) % 360;
  return h(
    "span",
    { class: `avatar ${shape}`, hue, "aria-hidden": "true" },
    String.fromCodePoint(name.codePointAt(0) ?? 63),
  );
}

/**
 * A labelled form field.
 * @param {string} label
 * @param {HTMLElement} control
 */
export function field(label, control) {
  return h("label", { class: "field" }, h("span", null, label), control);
}

/**
 * @param {{ value: string, label: string }[]} options
 * @param {string} chosen
 * @param {Properties} [properties]
 */
export function select(options, chosen, properties) {
  const items = options.map(({ value, label }) => h("option", { value, selected: value === chosen }, label));
  return h("select", { class: "input", ...properties }, items);
}
