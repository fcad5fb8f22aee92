import sharp, { type Sharp } from "sharp";
import { badPicture, type FileType } from "../files.contract.ts";

/** A picture of more isn't looked at: unpacked it would fill the memory (a "decompression bomb"). */
const mostPixels = 50_000_000;
const thumbnailPixels = 320;

export interface Picture {
  readonly bytes: Buffer;
  /** WebP. */
  readonly thumbnail: Buffer;
}

export function isPicture(type: FileType): boolean {
  return type.startsWith("image/");
}

/**
 * The picture anew, of its pixels alone, turned as it is to be seen: what else stood in the file, where it was taken, a
 * second file behind it, is gone.
 *
 * @throws Fault `files.bad_picture`
 */
export async function redrawn(bytes: Buffer, type: FileType): Promise<Picture> {
  const open = () => sharp(bytes, { limitInputPixels: mostPixels, failOn: "error", animated: type === "image/gif" });
  try {
    const whole = open().autoOrient();
    const [redrawn, thumbnail] = [
      await inFormat(whole, type).toBuffer(),
      await sharp(bytes, { limitInputPixels: mostPixels, failOn: "error" })
        .autoOrient()
        .resize(thumbnailPixels, thumbnailPixels, { fit: "inside", withoutEnlargement: true })
        .webp()
        .toBuffer(),
    ];
    return { bytes: redrawn, thumbnail };
  } catch (cause) {
    throw badPicture({}, { cause });
  }
}

function inFormat(picture: Sharp, type: FileType): Sharp {
  if (type === "image/jpeg") return picture.jpeg({ quality: 88 });
  if (type === "image/webp") return picture.webp({ quality: 88 });
  return type === "image/gif" ? picture.gif() : picture.png();
}
