import { promisify } from "node:util";
import { brotliCompress, constants, gzip } from "node:zlib";
import type { Route } from "../../contract/route.ts";

const [brotli, gzipped] = [promisify(brotliCompress), promisify(gzip)];
/** Less than this fits into the packet that comes anyway. */
const leastBytes = 1_400;
/** A list of fifty in half a millisecond, a fifth as long; the best level takes fifty times that. */
const brotliQuality = 4;

/**
 * A list's page, as whoever asks takes it best; undefined as it is. Only lists: their rows hold no secret whose length
 * could tell of it, and they are what is long.
 */
export async function compressed(
  { list }: Route,
  text: string,
  accepted: string | undefined,
): Promise<{ readonly encoding: "br" | "gzip"; readonly body: Buffer } | undefined> {
  if (list === undefined || text.length < leastBytes || accepted === undefined) return undefined;
  const taken = accepted.split(",").flatMap((part) => {
    const [name = "", ...parameters] = part
      .trim()
      .toLowerCase()
      .split(/\s*;\s*/);
    return parameters.some((each) => /^q=0(\.0*)?$/.test(each)) ? [] : [name];
  });
  if (taken.includes("br")) {
    const params = { [constants.BROTLI_PARAM_QUALITY]: brotliQuality };
    return { encoding: "br", body: await brotli(text, { params }) };
  }
  return taken.includes("gzip") ? { encoding: "gzip", body: await gzipped(text) } : undefined;
}
