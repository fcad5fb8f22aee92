import { createHash } from "node:crypto";
import { AwsClient } from "aws4fetch";
import { XMLParser } from "fast-xml-parser";
import { assertKey, type ByteRange, NothingStored, type Storage, type Stored } from "../storage.ts";

export interface S3Options {
  /** `https://cos.ap-shanghai.myqcloud.com`, `https://oss-cn-hangzhou.aliyuncs.com`, MinIO's address … */
  readonly endpoint: string;
  readonly region: string;
  readonly bucket: string;
  readonly keyId: string;
  readonly secret: string;
  /** `<endpoint>/<bucket>/<key>` instead of `<bucket>.<endpoint>/<key>`. */
  readonly isPathStyle: boolean;
  /** S3 gives a thousand at most. */
  readonly listedAtOnce?: number;
}

/**
 * A part of a large object: above S3's least of 5 MiB, and 10,000 of them, the most, are 80 GB (S3 User Guide, "Multipart
 * upload limits").
 */
const partBytes = 8 * 1024 * 1024;
const parser = new XMLParser({ parseTagValue: false, isArray: (name) => name === "Contents" });

/** A bucket that speaks the S3 API: AWS, COS, OSS, MinIO. No more than a part of an object is in memory. */
export class S3Storage implements Storage {
  readonly place: string;
  readonly #client: AwsClient;
  readonly #base: string;
  readonly #listedAtOnce: number;

  constructor({ endpoint, region, bucket, keyId, secret, isPathStyle, listedAtOnce = 1000 }: S3Options) {
    this.#listedAtOnce = listedAtOnce;
    this.#client = new AwsClient({ accessKeyId: keyId, secretAccessKey: secret, region, service: "s3", retries: 3 });
    const url = new URL(endpoint);
    if (!isPathStyle) url.hostname = `${bucket}.${url.hostname}`;
    this.#base = `${url.origin}${url.pathname.replace(/\/+$/, "")}${isPathStyle ? `/${bucket}` : ""}`;
    this.place = `the bucket ${bucket} at ${endpoint}`;
  }

  async put(key: string, bytes: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): Promise<number> {
    let upload: Upload | undefined;
    let sizeBytes = 0;
    try {
      let last: Uint8Array = new Uint8Array();
      for await (const part of partsOf(bytes)) {
        sizeBytes += part.length;
        if (part.length === partBytes) upload ??= await this.#begin(key);
        if (upload === undefined) last = part;
        else await this.#putPart(upload, part);
      }
      if (upload === undefined) await this.#ask("PUT", key, { body: last });
      else await this.#complete(upload);
      return sizeBytes;
    } catch (error) {
      // What was uploaded of it is paid for until it is called off.
      if (upload !== undefined)
        await this.#ask("DELETE", key, { query: { uploadId: upload.id } }).catch(() => undefined);
      throw error;
    }
  }

  async *get(key: string, range?: ByteRange): AsyncGenerator<Uint8Array, void, undefined> {
    const headers = range === undefined ? {} : { range: `bytes=${range.start}-${range.end}` };
    const response = await this.#ask("GET", key, { headers, allowed: [404] });
    if (response.status === 404) {
      await response.body?.cancel();
      throw new NothingStored(key);
    }
    if (response.body !== null) yield* response.body;
  }

  async stat(key: string): Promise<Stored | undefined> {
    const { status, headers } = await this.#ask("HEAD", key, { allowed: [404] });
    if (status === 404) return undefined;
    return {
      sizeBytes: Number(headers.get("content-length")),
      modifiedAt: new Date(headers.get("last-modified") ?? 0),
    };
  }

  async delete(key: string): Promise<void> {
    await this.#ask("DELETE", key, { allowed: [404] });
  }

  /** The first version of the listing: every server that calls itself S3 has it. */
  async *list(prefix: string): AsyncGenerator<Stored & { readonly key: string }, void, undefined> {
    assertKey(prefix);
    let marker = "";
    for (let isMore = true; isMore;) {
      const query = { prefix: `${prefix}/`, marker, "max-keys": `${this.#listedAtOnce}` };
      const { ListBucketResult: found } = parser.parse(await (await this.#ask("GET", undefined, { query })).text()) as {
        ListBucketResult: { Contents?: Entry[]; IsTruncated?: string };
      };
      const entries = found.Contents ?? [];
      for (const { Key, Size, LastModified } of entries)
        yield { key: Key, sizeBytes: Number(Size), modifiedAt: new Date(LastModified) };
      marker = entries.at(-1)?.Key ?? "";
      isMore = found.IsTruncated === "true" && marker !== "";
    }
  }

  async #begin(key: string): Promise<Upload> {
    const { InitiateMultipartUploadResult: begun } = parser.parse(
      await (await this.#ask("POST", key, { query: { uploads: "" } })).text(),
    ) as { InitiateMultipartUploadResult?: { UploadId?: string } };
    if (begun?.UploadId === undefined) throw new Error(`${this.place} names no upload`);
    return { key, id: begun.UploadId, tags: [] };
  }

  async #putPart({ key, id, tags }: Upload, body: Uint8Array): Promise<void> {
    const query = { partNumber: `${tags.length + 1}`, uploadId: id };
    const { headers } = await this.#ask("PUT", key, { query, body });
    tags.push(headers.get("etag") ?? "");
  }

  async #complete({ key, id, tags }: Upload): Promise<void> {
    const parts = tags.map((tag, index) => `<Part><PartNumber>${index + 1}</PartNumber><ETag>${tag}</ETag></Part>`);
    const body = Buffer.from(`<CompleteMultipartUpload>${parts.join("")}</CompleteMultipartUpload>`);
    const answer = await (await this.#ask("POST", key, { query: { uploadId: id }, body })).text();
    // It may say 200 at once, and in the body that it failed after all.
    if (!answer.includes("CompleteMultipartUploadResult")) throw new Error(`${this.place}: ${answer.slice(0, 200)}`);
  }

  async #ask(
    method: string,
    key: string | undefined,
    { query = {}, body, headers = {}, allowed = [] }: Asked,
  ): Promise<Response> {
    if (key !== undefined) assertKey(key);
    const url = new URL(`${this.#base}/${key ?? ""}`);
    for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
    const bytes = body ?? new Uint8Array();
    const hash = createHash("sha256").update(bytes).digest("hex");
    const response = await this.#client.fetch(url, {
      method,
      headers: { ...headers, "x-amz-content-sha256": hash },
      ...(body === undefined ? {} : { body: bytes as Uint8Array<ArrayBuffer> }),
    });
    if (response.ok || allowed.includes(response.status)) return response;
    const code = /<Code>([^<]*)<\/Code>/.exec(await response.text())?.[1] ?? "";
    throw new Error(`${method} on ${this.place} was answered ${response.status} ${code}`.trim());
  }
}

interface Upload {
  readonly key: string;
  readonly id: string;
  readonly tags: string[];
}
interface Entry {
  readonly Key: string;
  readonly Size: string;
  readonly LastModified: string;
}
interface Asked {
  readonly query?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array;
  readonly headers?: Readonly<Record<string, string>>;
  /** What isn't a failure. */
  readonly allowed?: readonly number[];
}

/** Parts of one size, the last one smaller; one that is empty only of nothing. */
async function* partsOf(
  bytes: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
): AsyncGenerator<Uint8Array, void, undefined> {
  let part = Buffer.alloc(partBytes);
  let filled = 0;
  let isFirst = true;
  for await (const chunk of bytes) {
    for (let at = 0; at < chunk.length;) {
      const taken = Math.min(partBytes - filled, chunk.length - at);
      part.set(chunk.subarray(at, at + taken), filled);
      filled += taken;
      at += taken;
      if (filled < partBytes) continue;
      yield part;
      isFirst = false;
      part = Buffer.alloc(partBytes);
      filled = 0;
    }
  }
  if (filled > 0 || isFirst) yield part.subarray(0, filled);
}
