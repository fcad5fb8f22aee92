import { randomBytes } from "node:crypto";

/** A file for WeChat. It is streamed, so it needs no room in memory, and opened anew for each try. */
export interface Upload {
  /** The field's name; WeChat's is `media`. */
  readonly field: string;
  readonly file: UploadFile;
  /** Further fields, texts. */
  readonly fields?: Readonly<Record<string, string>>;
}

export interface UploadFile {
  readonly name: string;
  readonly contentType: string;
  /** Bytes. WeChat answers 41005 (no file) to a body whose length it isn't told. */
  readonly size: number;
  readonly open: () => AsyncIterable<Uint8Array> | Iterable<Uint8Array>;
}

/** A file that is in memory already. */
export function fileOf(name: string, contentType: string, bytes: Uint8Array): UploadFile {
  return { name, contentType, size: bytes.length, open: () => [bytes] };
}

interface Multipart {
  readonly contentType: string;
  readonly contentLength: number;
  readonly body: AsyncIterable<Uint8Array>;
}

/** multipart/form-data with a known length. @throws RangeError when the file isn't as long as it says (while read) */
export function multipartOf({ field, file, fields = {} }: Upload): Multipart {
  const boundary = `----zhanggui${randomBytes(12).toString("hex")}`;
  const text = Object.entries(fields)
    .map(([name, value]) => `--${boundary}\r\nContent-Disposition: form-data; name=${quoted(name)}\r\n\r\n${value}\r\n`)
    .join("");
  const disposition = `form-data; name=${quoted(field)}; filename=${quoted(file.name)}; filelength=${file.size}`;
  const type = file.contentType.replaceAll(/[\r\n]/g, "");
  const opening = `--${boundary}\r\nContent-Disposition: ${disposition}\r\nContent-Type: ${type}\r\n\r\n`;
  const head = Buffer.from(text + opening);
  const tail = Buffer.from(`\r\n--${boundary}--\r\n`);
  return {
    contentType: `multipart/form-data; boundary=${boundary}`,
    contentLength: head.length + file.size + tail.length,
    body: bodyOf(head, file, tail),
  };
}

async function* bodyOf(head: Buffer, file: UploadFile, tail: Buffer): AsyncIterable<Uint8Array> {
  yield head;
  let sent = 0;
  for await (const chunk of file.open()) {
    sent += chunk.length;
    if (sent > file.size) break;
    yield chunk;
  }
  if (sent !== file.size) throw new RangeError(`${file.name} is not ${file.size} bytes long`);
  yield tail;
}

/** A name may hold anything; in the header it holds neither quotes nor line ends (RFC 7578 §4.2, WHATWG). */
function quoted(name: string): string {
  return `"${name.replaceAll('"', "%22").replaceAll("\r", "%0D").replaceAll("\n", "%0A")}"`;
}
