import type { IncomingMessage } from "node:http";
import type { Readable } from "node:stream";
import { Busboy, type BusboyHeaders } from "@fastify/busboy";
import type { FastifyRequest } from "fastify";
import type { FileShape, Multipart, UploadedFile } from "../../contract/body.ts";
import { badRequest, invalidInput, tooLarge, unsupportedMediaType } from "../../contract/faults.ts";

/** A form as it came: text fields, and files held in memory within their limits. */
export interface Form {
  readonly fields: Readonly<Record<string, string>>;
  readonly files: ReadonlyMap<string, UploadedFile>;
}

const longestFieldBytes = 64 * 1024;

/**
 * Reads multipart/form-data. More fields or files than the contract names, or one of them twice, is refused, as is a
 * file that is too large or of a type that isn't taken; the rest of the request is then not read.
 */
export function readForm(
  shape: Multipart,
  request: FastifyRequest,
  payload: IncomingMessage,
  limitBytes: number,
): Promise<Form> {
  return new Promise((resolve, reject) => {
    const fields: Record<string, string> = {};
    const files = new Map<string, UploadedFile>();
    const parser = open(shape, request.headers as BusboyHeaders);
    const reading: Promise<void>[] = [];
    let total = 0;
    const count = (chunk: Buffer): void => {
      total += chunk.length;
      if (total > limitBytes) fail(tooLarge({ limitBytes }));
    };
    const fail = (error: Error): void => {
      payload.unpipe(parser).off("data", count).off("close", cut);
      payload.pause();
      reject(error);
    };
    const cut = (): void => {
      if (!payload.complete) fail(badRequest());
    };
    parser.on("field", (name, value, nameTruncated, valueTruncated) => {
      if (nameTruncated || valueTruncated) fail(tooLarge({ limitBytes: longestFieldBytes }));
      else if (!(name in shape.fields.shape) || name in fields) fail(unexpected(name));
      else fields[name] = value;
    });
    parser.on("file", (name, stream, fileName, _encoding, contentType) => {
      const expected = Object.hasOwn(shape.files, name) ? shape.files[name] : undefined;
      const refusal =
        expected === undefined || files.has(name) ? unexpected(name) : wrongType(name, expected, contentType);
      if (expected === undefined || refusal !== undefined) {
        stream.resume();
        if (refusal !== undefined) fail(refusal);
        return;
      }
      const take = async (): Promise<void> => {
        const bytes = await collect(stream, expected.maxBytes);
        files.set(name, { fileName: fileName ?? "", contentType, bytes });
      };
      // Taken at once, so that a second one of the name is seen as such.
      files.set(name, { fileName: "", contentType, bytes: new Uint8Array() });
      reading.push(take().catch(fail));
    });
    parser.on("error", () => fail(badRequest()));
    for (const limit of ["fieldsLimit", "filesLimit", "partsLimit"] as const)
      parser.on(limit, () => fail(unexpected("")));
    parser.on("finish", () => void Promise.all(reading).then(() => resolve({ fields, files })));
    payload.on("data", count).on("close", cut).pipe(parser);
  });
}

function open({ fields, files }: Multipart, headers: BusboyHeaders) {
  const [fieldCount, fileCount] = [Object.keys(fields.shape).length, Object.keys(files).length];
  // One more than there may be, so that it can be named.
  const limits = {
    fieldNameSize: 100,
    fieldSize: longestFieldBytes,
    fields: fieldCount + 1,
    files: fileCount + 1,
    parts: fieldCount + fileCount + 1,
  };
  try {
    return new Busboy({ headers, limits });
  } catch (cause) {
    throw badRequest({}, { cause });
  }
}

async function collect(stream: Readable, maxBytes: number): Promise<Uint8Array> {
  const chunks: Buffer[] = [];
  let total = 0;
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    total += chunk.length;
    if (total > maxBytes) throw tooLarge({ limitBytes: maxBytes });
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function wrongType(name: string, { contentTypes }: FileShape, contentType: string) {
  const taken = contentTypes?.some((each) =>
    each.endsWith("/*") ? contentType.startsWith(each.slice(0, -1)) : contentType === each,
  );
  if (contentTypes === undefined || taken) return undefined;
  return unsupportedMediaType({ expected: `${name}: ${contentTypes.join(", ")}` });
}

function unexpected(name: string) {
  return invalidInput({ errors: [{ field: name, message: "unexpected" }] });
}
