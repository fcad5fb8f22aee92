import type { z } from "zod";
import type { Account } from "../world/model.ts";
import type { State } from "../world/state.ts";
import type { KnownErrcode } from "./errcodes.ts";
import type { Rights } from "./rights.ts";
import type { Rule } from "./rules.ts";

/** A call of WeChat's API after the checks that all calls share. */
export interface ApiCall {
  query: Record<string, string>;
  /** The JSON body; `{}` for GET and for uploads. */
  body: Record<string, unknown>;
  /** The body as it came. */
  raw: Buffer;
  /** Who calls. */
  address: string;
  /** The token's account; only routes with `access: "token"` have one. */
  account: Account | null;
  /** What an upload carries, by the name of its field. */
  files: ReadonlyMap<string, Upload>;
}

export interface Upload {
  fileName: string;
  contentType: string;
  bytes: Buffer;
}

/** JSON text (64-bit numbers need text), or bytes such as a picture. */
export type ApiAnswer = { json: string } | { bytes: Buffer; contentType: string; status?: number; fileName?: string };

/** A call as WeChat documents it, and what the emulator does for it. RULES.md lists each of them. */
export interface ApiRoute {
  method: "GET" | "POST";
  path: string;
  /** One plain sentence. */
  says: string;
  /** Its page of developers.weixin.qq.com. */
  page: string;
  /** Whether it asks for an access token. */
  access: "token" | "open";
  /** What an account must be to call it (48001); absent: every account may. */
  right?: Rights;
  /** Calls a day; absent: no limit is known. */
  perDay?: number;
  /** Several calls count together by this name; absent: by the path. */
  quota?: string;
  /** Calls a minute (45011). */
  perMinute?: number;
  /** An upload: its body is multipart. */
  isUpload?: true;
  /** The body as it is documented. What differs is said in the journal and refused by nobody. */
  body?: z.ZodObject;
  /** The rules that it keeps. */
  rules?: readonly Rule[];
  /** The codes that it answers, apart from those of its rules and those that every call may answer. */
  errcodes?: readonly KnownErrcode[];
  handle: (state: State, call: ApiCall) => ApiAnswer | Promise<ApiAnswer>;
}

/** Answered by the checks that all calls share. */
export const sharedErrcodes: readonly KnownErrcode[] = [
  40001, 41001, 42001, 43001, 43002, 44002, 45009, 45011, 47001, 48001,
];
