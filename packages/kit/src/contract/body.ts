import type { z } from "zod";

// What a request or a reply carries when it isn't JSON. A route names one of these where it would name a zod shape.

/** As it arrived, or as it is sent: for protocols that aren't ours, whose signatures are over the very bytes. */
export const bytes = { kind: "bytes" } as const;
export type Bytes = typeof bytes;

/** Bytes that are never whole in memory: large files, in either direction. */
export const byteStream = { kind: "stream" } as const;
export type ByteStream = typeof byteStream;

/** The reply leads elsewhere. */
export const redirect = { kind: "redirect" } as const;
export type Redirect = typeof redirect;

/** Server-sent events (WHATWG HTML §9.2): a reply that goes on for as long as somebody listens. */
export interface EventStream<Events extends EventShapes = EventShapes> {
  readonly kind: "events";
  readonly events: Events;
}
export type EventShapes = Readonly<Record<string, z.ZodType>>;

/** @param events the shape of each kind of event, by its name */
export function eventStream<Events extends EventShapes>(events: Events): EventStream<Events> {
  return { kind: "events", events };
}

/** A form with files (RFC 7578). Its files are held in memory: what may be large is a `byteStream` of its own. */
export interface Multipart<Fields extends z.ZodObject = z.ZodObject, Files extends FileShapes = FileShapes> {
  readonly kind: "multipart";
  readonly fields: Fields;
  readonly files: Files;
}
export type FileShapes = Readonly<Record<string, FileShape>>;
export interface FileShape {
  readonly maxBytes: number;
  /** Which media types are taken, as the caller states them: `image/png`, or `image/*`. Any, if left out. */
  readonly contentTypes?: readonly string[];
  readonly optional?: true;
}

/** @param shape its text fields; they arrive as text, so numbers are `z.coerce.number()` */
export function multipart<Fields extends z.ZodObject, const Files extends FileShapes>(shape: {
  readonly fields: Fields;
  readonly files: Files;
}): Multipart<Fields, Files> {
  return { kind: "multipart", ...shape };
}

export type Body = z.ZodType | Bytes | ByteStream | Multipart;
export type Reply = z.ZodType | Bytes | ByteStream | Redirect | EventStream;

/** Whether it is JSON: a zod shape, or what stands for one where contracts are data (`data.ts`). */
export function isJson(body: Body | Reply | undefined): body is z.ZodType {
  return body !== undefined && (!("kind" in body) || (body.kind as string) === "json");
}

/** A file of a form, as a handler is given it. Its name and type are the caller's word, not checked. */
export interface UploadedFile {
  readonly fileName: string;
  readonly contentType: string;
  readonly bytes: Uint8Array;
}

/** What a handler returns for `bytes`. */
export interface BytesOut {
  /** 200, if left out. */
  readonly status?: number;
  readonly contentType: string;
  readonly body: string | Uint8Array;
}

/** What a handler returns for `byteStream`. */
export interface StreamOut {
  /** 200, if left out; 206 for a part of it. */
  readonly status?: 200 | 206;
  readonly contentType: string;
  readonly stream: AsyncIterable<Uint8Array>;
  readonly lengthBytes?: number;
  /** Makes browsers save it under this name. */
  readonly fileName?: string;
}

/** What a handler returns for `redirect`. */
export interface RedirectOut {
  readonly location: string;
  /** 302, if left out. */
  readonly status?: 301 | 302 | 303 | 307 | 308;
}

/** One event of a stream. With an `id`, a listener who comes back says which was the last that arrived. */
export type EventOut<Events extends EventShapes> = {
  [Name in keyof Events & string]: { readonly event: Name; readonly data: z.input<Events[Name]>; readonly id?: string };
}[keyof Events & string];

/** An event as a listener is given it. */
export type EventIn<Events extends EventShapes> = {
  [Name in keyof Events & string]: {
    readonly event: Name;
    readonly data: z.output<Events[Name]>;
    readonly id?: string;
  };
}[keyof Events & string];
