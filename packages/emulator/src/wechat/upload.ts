import { Busboy } from "@fastify/busboy";
import type { Incoming } from "./incoming.ts";
import { Refusal } from "./errcodes.ts";
import type { Upload } from "./route.ts";

/** The files and fields of a multipart body, by name. @throws Refusal 41005 where it is none */
export function readUpload({
  contentType,
  bytes,
}: Pick<Incoming, "contentType" | "bytes">): Promise<Map<string, Upload>> {
  return new Promise((resolve, reject) => {
    const found = new Map<string, Upload>();
    const fail = (): void => reject(new Refusal(41005));
    if (!/^multipart\/form-data\s*;/i.test(contentType)) return fail();
    try {
      const parser = new Busboy({ headers: { "content-type": contentType } });
      parser.on("file", (name, stream, fileName, _encoding, type) => {
        const chunks: Buffer[] = [];
        stream.on("error", fail);
        stream.on("data", (chunk: Buffer) => chunks.push(chunk));
        stream.on("end", () =>
          found.set(name, { fileName: fileName ?? "", contentType: type, bytes: Buffer.concat(chunks) }),
        );
      });
      parser.on("field", (name, value) =>
        found.set(name, { fileName: "", contentType: "text/plain", bytes: Buffer.from(value) }),
      );
      parser.on("error", fail);
      parser.on("finish", () => resolve(found));
      parser.end(bytes);
    } catch {
      fail();
    }
  });
}
