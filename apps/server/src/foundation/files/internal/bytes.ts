import { createHash } from "node:crypto";
import { badRange, fileTooLarge } from "../files.contract.ts";
import type { ByteRange } from "../storage.ts";

export const megabyte = 1024 * 1024;

/** The first bytes of a stream, and all of it. */
export async function peek(
  stream: AsyncIterable<Uint8Array>,
  wanted: number,
): Promise<{ head: Buffer; all: AsyncIterable<Uint8Array> }> {
  const source = stream[Symbol.asyncIterator]();
  const first: Uint8Array[] = [];
  let length = 0;
  while (length < wanted) {
    const { value, done } = await source.next();
    if (done === true) break;
    first.push(value);
    length += value.length;
  }
  const all = async function* (): AsyncGenerator<Uint8Array, void, undefined> {
    yield* first;
    yield* { [Symbol.asyncIterator]: () => source };
  };
  return { head: Buffer.concat(first).subarray(0, wanted), all: all() };
}

/** Hands bytes on, counts and hashes them. @throws Fault `files.too_large` as soon as there are more than that */
export function measured(bytes: AsyncIterable<Uint8Array> | Iterable<Uint8Array>, mostMegabytes = Infinity) {
  const hash = createHash("sha256");
  let sizeBytes = 0;
  const through = async function* (): AsyncGenerator<Uint8Array, void, undefined> {
    for await (const chunk of bytes) {
      sizeBytes += chunk.length;
      if (sizeBytes > mostMegabytes * megabyte) throw fileTooLarge({ megabytes: mostMegabytes });
      hash.update(chunk);
      yield chunk;
    }
  };
  return { bytes: through(), told: () => ({ sizeBytes, sha256: hash.digest("hex") }) };
}

export async function collected(bytes: AsyncIterable<Uint8Array>): Promise<Buffer> {
  return Buffer.concat(await Array.fromAsync(bytes));
}

/**
 * What a Range header asks for (RFC 9110 §14.2). Several ranges, and what isn't one, are answered with the whole.
 *
 * @throws Fault `files.bad_range`
 */
export function rangeOf(header: string | undefined, sizeBytes: number): ByteRange | undefined {
  const asked = /^bytes=(\d*)-(\d*)$/.exec(header ?? "");
  if (asked === null || (asked[1] === "" && asked[2] === "")) return undefined;
  const last = sizeBytes - 1;
  const [from, to] = [Number(asked[1]), Number(asked[2])];
  const range =
    asked[1] === ""
      ? { start: Math.max(0, sizeBytes - to), end: last }
      : { start: from, end: asked[2] === "" ? last : Math.min(to, last) };
  if (range.start > range.end) {
    // Backwards it is no range at all.
    if (asked[1] !== "" && asked[2] !== "" && from > to) return undefined;
    throw badRange();
  }
  return range;
}
