import jpeg from "jpeg-js";
import QRCode from "qrcode";

const side = 430;
const margin = 2;

/** A QR code of a text, as a JPEG of 430 pixels: WeChat's size. */
export function drawCode(text: string): Buffer {
  const { modules } = QRCode.create(text);
  const cells = modules.size + 2 * margin;
  const data = Buffer.alloc(side * side * 4, 0xff);
  for (let y = 0; y < side; y += 1) {
    const row = Math.floor((y * cells) / side) - margin;
    for (let x = 0; x < side; x += 1) {
      const column = Math.floor((x * cells) / side) - margin;
      const isInside = row >= 0 && column >= 0 && row < modules.size && column < modules.size;
      const at = (y * side + x) * 4;
      if (isInside && modules.get(row, column) === 1) data.fill(0, at, at + 3);
    }
  }
  return jpeg.encode({ data, width: side, height: side }, 90).data;
}
