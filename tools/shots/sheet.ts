/** One picture. */
export interface Shot {
  /** The page's address: `/people`, `/growth/links#new`. */
  readonly path: string;
  readonly side: string;
  /** The picture's file, beside the sheet. */
  readonly file: string;
}

/** `people`, `growth-links-new`: an address as the name of a file. */
export function fileName(path: string): string {
  const words = path.split(/[^\w-]+/).filter((word) => word !== "");
  return words.map((word) => (/^[0-9a-f-]{32,}$/.test(word) ? "one" : word)).join("-") || "home";
}

const style =
  "body{font:14px/1.5 system-ui,sans-serif;margin:24px;background:#f4f4f2;color:#222}h2{font-size:15px;margin:28px 0 8px}" +
  ".row{display:flex;gap:12px;align-items:flex-start;overflow-x:auto}figure{margin:0}figcaption{color:#666;font-size:12px}" +
  "img{height:300px;border:1px solid #ccc;border-radius:4px;background:#fff}";

/** A contact sheet: a row for each page, its sides beside each other; a picture opens in full. */
export function contactSheet(shots: readonly Shot[]): string {
  const pages = Map.groupBy(shots, ({ path }) => path);
  const rows = [...pages].map(([path, sides]) => {
    const pictures = sides.map(
      ({ file, side }) =>
        `<figure><a href="${escaped(file)}"><img src="${escaped(file)}" alt="${escaped(`${path}, ${side}`)}" ` +
        `loading="lazy"></a><figcaption>${escaped(side)}</figcaption></figure>`,
    );
    return `<h2>${escaped(path)}</h2><div class="row">${pictures.join("")}</div>`;
  });
  return (
    `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Every page</title><style>${style}</style></head>` +
    `<body><h1>${pages.size} pages, ${shots.length} pictures</h1>${rows.join("\n")}</body></html>\n`
  );
}

function escaped(text: string): string {
  return text.replaceAll(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
