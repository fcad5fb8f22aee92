import { toDataURL, toString } from "qrcode";

/** Sharp enough for a poster of a hand's width. */
const printWidth = 1024;
/** The quiet zone of four modules is the standard's (ISO/IEC 18004). */
const look = { margin: 4, errorCorrectionLevel: "M" } as const;

/** The picture of a QR code as a PNG in a `data:` URL, for the screen and for the printer. */
export function qrPicture(text: string): Promise<string> {
  return toDataURL(text, { width: printWidth, ...look });
}

/** The same as SVG, for posters of any size. */
export async function qrDrawing(text: string): Promise<string> {
  return `data:image/svg+xml,${encodeURIComponent(await toString(text, { type: "svg", ...look }))}`;
}
