import { emptyFields, ParseError, parseLimits } from "./fields.ts";
import type { Fields, FieldValue } from "./fields.ts";

/**
 * The small XML that pushes are made of: nested elements holding text or CDATA. Written here rather than taken from a
 * general parser because what matters is what it refuses: document types, entities beyond the predefined and numeric
 * ones, comments, processing instructions, mixed content, a field given twice, great depth. One pass, no recursion,
 * linear time.
 */
const predefinedEntities: Readonly<Record<string, string>> = { lt: "<", gt: ">", amp: "&", quot: '"', apos: "'" };
const openTag = /<([A-Za-z_][\w.-]*)((?:\s+[A-Za-z_][\w:.-]*\s*=\s*(?:"[^"<&]*"|'[^'<&]*'))*)\s*(\/?)>/y;
const closeTag = /<\/([A-Za-z_][\w.-]*)\s*>/y;
const declaration = /^\uFEFF?\s*(?:<\?xml\s[^<>?]*\?>)?\s*/;

interface OpenElement {
  readonly name: string;
  readonly children: Record<string, FieldValue>;
  hasChildren: boolean;
  /** Text outside CDATA, entities resolved. */
  loose: string;
  /** The whole text so far, CDATA included. */
  text: string;
  hasCdata: boolean;
}

/** Parses one document into the fields under its root, whose name is free (WeChat's is `xml`). Throws ParseError. */
export function parseXml(source: string): Fields {
  const stack: OpenElement[] = [];
  let at = declaration.exec(source)?.[0].length ?? 0;
  let elements = 0;
  let root: FieldValue | undefined;
  while (at < source.length) {
    if (root !== undefined) {
      if (source.slice(at).trim() !== "") throw new ParseError("malformed", "text after the root element");
      break;
    }
    const current = stack.at(-1);
    if (source[at] !== "<") {
      at = readText(source, at, current);
    } else if (source.startsWith("<![CDATA[", at)) {
      at = readCdata(source, at, current);
    } else if (source[at + 1] === "/") {
      closeTag.lastIndex = at;
      const name = closeTag.exec(source)?.[1];
      const element = stack.pop();
      if (element === undefined || name !== element.name)
        throw new ParseError("malformed", "a closing tag without its opening");
      at = closeTag.lastIndex;
      const value = valueOf(element);
      const parent = stack.at(-1);
      if (parent === undefined) root = value;
      else addChild(parent, element.name, value, stack.length);
    } else {
      elements += 1;
      at = readOpening(source, at, stack, elements);
    }
  }
  if (root === undefined) throw new ParseError("malformed", "the document is not complete");
  if (typeof root !== "object" || Array.isArray(root)) throw new ParseError("malformed", "the root holds no fields");
  return root as Fields;
}

function readOpening(source: string, at: number, stack: OpenElement[], elements: number): number {
  if (/^<!(?:DOCTYPE|ENTITY)/i.test(source.slice(at, at + 10))) throw new ParseError("entities", "a document type");
  openTag.lastIndex = at;
  const match = openTag.exec(source);
  if (match === null) throw new ParseError("malformed", `not an element at ${at}`);
  if (elements > parseLimits.elements) throw new ParseError("too_large", `more than ${parseLimits.elements} elements`);
  if (stack.length >= parseLimits.depth) throw new ParseError("too_large", `deeper than ${parseLimits.depth} levels`);
  const parent = stack.at(-1);
  if (parent !== undefined) {
    if (parent.text.trim() !== "" || parent.hasCdata) throw new ParseError("malformed", "text beside elements");
    parent.hasChildren = true;
  }
  const name = match[1] as string;
  const element = { name, children: emptyFields(), hasChildren: false, loose: "", text: "", hasCdata: false };
  if (match[3] === "/") {
    if (parent === undefined) throw new ParseError("malformed", "the root holds no fields");
    addChild(parent, name, "", stack.length);
  } else {
    stack.push(element);
  }
  return openTag.lastIndex;
}

function readText(source: string, at: number, element: OpenElement | undefined): number {
  const next = source.indexOf("<", at);
  const end = next === -1 ? source.length : next;
  const raw = source.slice(at, end);
  if (raw.includes("]]>")) throw new ParseError("malformed", "the end of a CDATA section without its beginning");
  const text = resolveEntities(raw);
  if (element === undefined) throw new ParseError("malformed", "text outside the root element");
  if (element.hasChildren && text.trim() !== "") throw new ParseError("malformed", "text beside elements");
  element.loose += text;
  element.text += text;
  return end;
}

function readCdata(source: string, at: number, element: OpenElement | undefined): number {
  const start = at + "<![CDATA[".length;
  const end = source.indexOf("]]>", start);
  if (end === -1 || element === undefined) throw new ParseError("malformed", "a CDATA section out of place");
  if (element.hasChildren) throw new ParseError("malformed", "text beside elements");
  // Blanks that only set the CDATA section off belong to the layout, not to the text.
  if (!element.hasCdata) element.text = element.text.trimStart();
  element.hasCdata = true;
  element.text += source.slice(start, end);
  element.loose = "";
  return end + "]]>".length;
}

function valueOf(element: OpenElement): FieldValue {
  if (element.hasChildren) return element.children;
  if (!element.hasCdata) return element.text;
  // `loose` holds what came after the last CDATA section.
  const trailing = element.loose.length - element.loose.trimEnd().length;
  return element.text.slice(0, element.text.length - trailing);
}

/**
 * Adds a child to its parent. Directly under the root a name may stand once only: of two senders or two ids the reader
 * could check one and use the other. Further down, repeats are lists (`item` of `Articles` or `PicList`).
 */
function addChild(parent: OpenElement, name: string, value: FieldValue, depth: number): void {
  const present = parent.children[name];
  if (present === undefined) parent.children[name] = value;
  else if (depth === 1) throw new ParseError("malformed", `the element ${name} is given twice`);
  else parent.children[name] = Array.isArray(present) ? [...present, value] : [present, value];
}

function resolveEntities(text: string): string {
  if (!text.includes("&")) return text;
  return text.replaceAll(/&([^;&\s]{0,32};?)/g, (_whole, reference: string) => {
    const name = reference.endsWith(";") ? reference.slice(0, -1) : undefined;
    if (name === undefined || name === "") throw new ParseError("malformed", "a bare ampersand");
    const predefined = Object.hasOwn(predefinedEntities, name) ? predefinedEntities[name] : undefined;
    if (predefined !== undefined) return predefined;
    const decimal = /^#(\d{1,7})$/.exec(name)?.[1];
    const hexadecimal = /^#x([0-9a-f]{1,6})$/i.exec(name)?.[1];
    if (decimal === undefined && hexadecimal === undefined) throw new ParseError("entities", `the entity ${name}`);
    return characterOf(decimal === undefined ? Number.parseInt(hexadecimal ?? "", 16) : Number(decimal));
  });
}

function characterOf(codePoint: number): string {
  const isSurrogate = codePoint >= 0xd800 && codePoint <= 0xdfff;
  if (codePoint === 0 || isSurrogate || codePoint > 0x10ffff) throw new ParseError("malformed", "not a character");
  return String.fromCodePoint(codePoint);
}

/** A value to write: a text becomes CDATA, a number plain digits, lists repeat their element. */
export type XmlValue = string | number | { readonly [name: string]: XmlValue } | readonly XmlValue[];

/** Writes `<xml>…</xml>` as WeChat's samples do. Characters that XML 1.0 can't hold are left out. */
export function buildXml(fields: { readonly [name: string]: XmlValue }): string {
  return `<xml>${elementsOf(fields)}</xml>`;
}

function elementsOf(fields: { readonly [name: string]: XmlValue }): string {
  return Object.entries(fields)
    .flatMap(([name, value]) =>
      Array.isArray(value) ? value.map((one: XmlValue) => [name, one] as const) : [[name, value] as const],
    )
    .map(([name, value]) => `<${name}>${contentOf(value)}</${name}>`)
    .join("");
}

function contentOf(value: XmlValue): string {
  if (typeof value === "number") return String(value);
  if (typeof value === "string") return cdata(value);
  return elementsOf(value as { readonly [name: string]: XmlValue });
}

function cdata(text: string): string {
  // oxlint-disable-next-line no-control-regex -- these are exactly the characters XML 1.0 has no place for
  const writable = text.toWellFormed().replaceAll(/[\u0000-\u0008\u000B\u000C\u000E-\u001F\uFFFE\uFFFF]/g, "");
  return `<![CDATA[${writable.replaceAll("]]>", "]]]]><![CDATA[>")}]]>`;
}
