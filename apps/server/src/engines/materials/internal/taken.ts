import type { FileRow } from "../../../foundation/files/files.service.ts";
import { materialKinds, notSuchFile } from "../materials.contract.ts";

const megabyte = 1_048_576;

/** What WeChat takes of what we store. Sources: api_uploadtempmedia, api_addmaterial (read 2026-10). */
const taken = {
  image: { types: ["image/png", "image/jpeg", "image/gif"], names: "PNG、JPEG、GIF", bytes: 10 * megabyte },
  voice: { types: ["audio/mpeg"], names: "MP3", bytes: 2 * megabyte },
  video: { types: ["video/mp4"], names: "MP4", bytes: 10 * megabyte },
  mass_video: { types: ["video/mp4"], names: "MP4", bytes: 10 * megabyte },
} as const;

/** @throws Fault `materials.not_such_file` */
export function demandFile(kind: keyof typeof taken, stored: Pick<FileRow, "type" | "sizeBytes">): void {
  const { types, names, bytes } = taken[kind];
  if (types.some((type) => type === stored.type) && stored.sizeBytes <= bytes) return;
  const { zh: kindZh, en: kindEn } = materialKinds[kind];
  const largest = `${bytes / megabyte} MB`;
  throw notSuchFile({ kindZh, kindEn, taken: names, largest, errors: [{ field: "fileId" }] });
}
