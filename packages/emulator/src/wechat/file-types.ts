import type { MediaType } from "../world/media.ts";

const kinds: readonly { type: string; extension: string; matches: (bytes: Buffer) => boolean }[] = [
  {
    type: "image/png",
    extension: "png",
    matches: (bytes) => bytes.subarray(0, 4).equals(Buffer.from("89504e47", "hex")),
  },
  {
    type: "image/jpeg",
    extension: "jpg",
    matches: (bytes) => bytes.subarray(0, 3).equals(Buffer.from("ffd8ff", "hex")),
  },
  { type: "image/gif", extension: "gif", matches: (bytes) => bytes.subarray(0, 4).toString("latin1") === "GIF8" },
  { type: "audio/amr", extension: "amr", matches: (bytes) => bytes.subarray(0, 5).toString("latin1") === "#!AMR" },
  { type: "audio/mpeg", extension: "mp3", matches: isMp3 },
  { type: "video/mp4", extension: "mp4", matches: (bytes) => bytes.subarray(4, 8).toString("latin1") === "ftyp" },
];

function isMp3(bytes: Buffer): boolean {
  if (bytes.subarray(0, 3).toString("latin1") === "ID3") return true;
  return bytes.length > 1 && bytes[0] === 0xff && ((bytes[1] ?? 0) & 0xe0) === 0xe0;
}

/** What each kind of media may be. Source: doc/service/api/material/temporary/api_uploadtempmedia. */
const allowed: Readonly<Record<Exclude<MediaType, "news">, readonly string[]>> = {
  image: ["image/png", "image/jpeg", "image/gif"],
  voice: ["audio/amr", "audio/mpeg"],
  video: ["video/mp4"],
  thumb: ["image/jpeg"],
};

/** A file's type by its first bytes, if media of that kind may be such a file; null otherwise. */
export function fileType(kind: Exclude<MediaType, "news">, bytes: Buffer): string | null {
  const found = kinds.find(({ type, matches }) => allowed[kind].includes(type) && matches(bytes));
  return found?.type ?? null;
}

export function extensionOf(contentType: string): string {
  return kinds.find(({ type }) => type === contentType)?.extension ?? "bin";
}
