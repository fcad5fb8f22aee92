import { toDataURL } from "qrcode";

/** Sharp enough for a poster of a hand's width. */
const printWidth = 1024;

/**
 * The picture of a QR code as a PNG in a `data:` URL, for the screen and for the printer. The quiet zone of four
 * modules is the standard's (ISO/IEC 18004).
 */
export function qrPicture(text: string): Promise<string> {
  return toDataURL(text, { width: printWidth, margin: 4, errorCorrectionLevel: "M" });
}
