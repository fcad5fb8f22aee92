import { type FileType, fileTypes, notTaken, wrongName } from "../files.contract.ts";

/** How much of a file tells what it is. */
export const headBytes = 4096;

interface Kind {
  readonly type: FileType;
  readonly endings: readonly string[];
  readonly matches: (head: Buffer) => boolean;
  readonly mostMegabytes: number;
}
const begins = (...bytes: readonly number[]) => {
  const start = Buffer.from(bytes);
  return (head: Buffer): boolean => head.subarray(0, start.length).equals(start);
};
const ascii = (text: string, at = 0) => {
  const start = Buffer.from(text, "latin1");
  return (head: Buffer): boolean => head.subarray(at, at + start.length).equals(start);
};
const zip = ascii("PK\x03\x04");
const office = (ending: string, kind: string): Kind => ({
  type: `application/vnd.openxmlformats-officedocument.${kind}` as FileType,
  endings: [ending],
  matches: zip,
  mostMegabytes: 100,
});
const picture = (type: FileType, endings: readonly string[], matches: Kind["matches"]): Kind => ({
  type,
  endings,
  matches,
  mostMegabytes: 20,
});

/**
 * What is taken, known by its first bytes (WHATWG MIME Sniffing §6; PKWARE APPNOTE §4.3.7). Pages and SVG are in no
 * row: a browser would run them.
 */
const kinds: readonly Kind[] = [
  picture("image/png", ["png"], begins(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a)),
  picture("image/jpeg", ["jpg", "jpeg"], begins(0xff, 0xd8, 0xff)),
  picture("image/webp", ["webp"], (head) => ascii("RIFF")(head) && ascii("WEBP", 8)(head)),
  picture("image/gif", ["gif"], (head) => ascii("GIF87a")(head) || ascii("GIF89a")(head)),
  { type: "application/pdf", endings: ["pdf"], matches: ascii("%PDF-"), mostMegabytes: 100 },
  office("xlsx", "spreadsheetml.sheet"),
  office("docx", "wordprocessingml.document"),
  office("pptx", "presentationml.presentation"),
  { type: "application/zip", endings: ["zip"], matches: zip, mostMegabytes: 100 },
  { type: "video/mp4", endings: ["mp4", "m4v"], matches: ascii("ftyp", 4), mostMegabytes: 100 },
  {
    type: "audio/mpeg",
    endings: ["mp3"],
    matches: (head) => ascii("ID3")(head) || (head[0] === 0xff && ((head[1] ?? 0) & 0xe6) === 0xe2),
    mostMegabytes: 20,
  },
  { type: "audio/amr", endings: ["amr"], matches: ascii("#!AMR"), mostMegabytes: 20 },
  { type: "text/csv", endings: ["csv"], matches: isText, mostMegabytes: 100 },
  { type: "text/plain", endings: ["txt", "log", "md", "json"], matches: isText, mostMegabytes: 20 },
];

/**
 * The kind of a file by its first bytes, where its name agrees.
 *
 * @throws Fault `files.not_taken`, `files.wrong_name`
 */
export function kindOf(head: Buffer, name: string): Kind {
  const ending = /\.([^.]+)$/.exec(name)?.[1]?.toLowerCase() ?? "";
  const found = kinds.filter(({ matches }) => matches(head));
  const [likely] = found;
  if (likely === undefined) throw notTaken({ taken: [...new Set(Object.values(fileTypes))].join(", ") });
  const kind = found.find(({ endings }) => endings.includes(ending));
  if (kind === undefined) throw wrongName({ type: fileTypes[likely.type] });
  return kind;
}

/** UTF-8 or GBK: no control characters but those of a text, and nothing that begins as a page or a picture in XML. */
function isText(head: Buffer): boolean {
  // oxlint-disable-next-line no-control-regex
  if (head.length === 0 || /[\0-\x08\x0e-\x1a\x1c-\x1f]/.test(head.toString("latin1"))) return false;
  return !/^\s*<(?:!doctype|\?xml|html|head|body|svg|script|iframe|!--)/i.test(
    head.toString("utf8").replace("\uFEFF", ""),
  );
}
