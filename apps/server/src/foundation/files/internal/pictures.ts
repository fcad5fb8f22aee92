import { FastResizeFilter, FilterType, ResizeFit, Transformer } from "@napi-rs/image";
import { badPicture, type FileType } from "../files.contract.ts";
import { headOf, type PictureHead } from "./picture-head.ts";

/** A picture of more isn't looked at: unpacked it would fill the memory (a "decompression bomb"). */
const mostPixels = 50_000_000;
const thumbnailPixels = 320;
const quality = 88;

export interface Picture {
  readonly bytes: Buffer;
  /** WebP; undefined for a GIF, whose frames nobody here unpacks. */
  readonly thumbnail: Buffer | undefined;
}

export function isPicture(type: FileType): boolean {
  return type.startsWith("image/");
}

/**
 * The picture anew, of its pixels alone, turned as it is to be seen: what else stood in the file, where it was taken, a
 * second file behind it, is gone. One at a time: each takes some hundred megabytes while it is unpacked.
 *
 * @throws Fault `files.bad_picture`
 */
export async function redrawn(bytes: Buffer, type: FileType): Promise<Picture> {
  const before = turn;
  const mine = Promise.withResolvers<void>();
  turn = mine.promise;
  try {
    await before;
    const head = headOf(bytes, type);
    if (head.pixels === 0 || head.pixels * head.bytesPerSample > mostPixels) throw new Error("too many pixels");
    return type === "image/gif" ? { bytes: head.bare, thumbnail: undefined } : await drawn(head, type);
  } catch (cause) {
    throw badPicture({}, { cause });
  } finally {
    mine.resolve();
  }
}
let turn: Promise<void> = Promise.resolve();

async function drawn({ bare, orientation }: PictureHead, type: FileType): Promise<Picture> {
  const picture = new Transformer(bare);
  if (orientation !== 1) picture.rotate(orientation);
  const redrawn = await inFormat(picture, type);
  const { width, height } = await picture.metadata();
  if (Math.max(width, height) > thumbnailPixels)
    picture.fastResize({
      width: thumbnailPixels,
      height: thumbnailPixels,
      filter: FastResizeFilter.Lanczos3,
      fit: ResizeFit.Inside,
    });
  return { bytes: redrawn, thumbnail: await picture.webp(quality) };
}

function inFormat(picture: Transformer, type: FileType): Promise<Buffer> {
  if (type === "image/jpeg") return picture.jpeg(quality);
  return type === "image/webp" ? picture.webp(quality) : picture.png({ filterType: FilterType.Adaptive });
}
