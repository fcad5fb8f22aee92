const token = /<!\[CDATA\[[\s\S]*?\]\]>|<!--[\s\S]*?-->|<\?[\s\S]*?\?>|<(\/?)([A-Za-z_][\w.:-]*)([^<>]*?)(\/?)>|[^<]+/y;
const attributes = /^(?:\s+[A-Za-z_][\w.:-]*\s*=\s*(?:"[^"]*"|'[^']*'))*\s*$/;
const looseAmpersand = /&(?!(?:amp|lt|gt|quot|apos|#\d+|#x[0-9a-fA-F]+);)/;

/**
 * What is wrong with a text as an XML document; null: nothing. A document type is refused: it could define entities,
 * and no reply to WeChat needs one.
 */
export function xmlProblem(text: string): string | null {
  const open: string[] = [];
  let roots = 0;
  let position = 0;
  while (position < text.length) {
    token.lastIndex = position;
    const match = token.exec(text);
    if (match === null) return `what stands at character ${position} is no markup`;
    position = token.lastIndex;
    const [whole, closing, name, rest = "", selfClosing] = match;
    if (name === undefined) {
      const isText = !whole.startsWith("<") || whole.startsWith("<![CDATA[");
      if (isText && open.length === 0 && whole.trim() !== "") return "there is text outside the root element";
      if (!whole.startsWith("<") && looseAmpersand.test(whole)) return "an & isn't escaped";
      continue;
    }
    if (closing === "/") {
      if (open.pop() !== name) return `</${name}> closes an element that isn't open`;
      continue;
    }
    if (!attributes.test(rest)) return `<${name}> has broken attributes`;
    if (open.length === 0) roots += 1;
    if (selfClosing !== "/") open.push(name);
  }
  if (open.length > 0) return `<${open.at(-1)}> isn't closed`;
  return roots === 1 ? null : "there isn't exactly one root element";
}
