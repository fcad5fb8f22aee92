import { connect, type Socket } from "node:net";
import { Injectable } from "@nestjs/common";
import { Runtime } from "@zhanggui/kit/server/runtime";
import { infected, notScanned } from "./files.contract.ts";

/** clamd's own limit of a chunk is far above (clamd.conf, StreamMaxLength is of the whole). */
const chunkBytes = 64 * 1024;
const quietMs = 60_000;
const longestReply = 4096;

/** Bytes on their way through, and what the scanner says of all of them. */
export interface Scanned {
  readonly bytes: AsyncIterable<Uint8Array>;
  /** Once they are through. @throws Fault `files.infected`, `files.not_scanned` */
  readonly verdict: () => Promise<void>;
}

/**
 * Where a scanner for viruses sits, if there is one: a clamd (ClamAV), asked by INSTREAM. What people upload
 * goes by it while it is stored, and isn't there for anybody before it is found clean.
 */
@Injectable()
export class Scanner {
  readonly #address: { readonly host: string; readonly port: number } | undefined;

  constructor({ env }: Runtime) {
    const { FILES_CLAMD: address } = env;
    const at = address?.lastIndexOf(":") ?? 0;
    if (address !== undefined)
      this.#address = {
        host: address.slice(0, at).replace(/^\[|\]$/g, ""),
        port: Number(address.slice(at + 1)),
      };
  }

  /** Shows bytes to the scanner as they pass. Without one, they only pass. */
  through(bytes: AsyncIterable<Uint8Array>): Scanned {
    if (this.#address === undefined) return { bytes, verdict: async () => undefined };
    const address = this.#address;
    // Nobody is called before there is something to show: what is refused first would leave a line open.
    let call: ScannerCall | undefined;
    const passing = async function* (): AsyncGenerator<Uint8Array, void, undefined> {
      call = new ScannerCall(connect(address));
      try {
        for await (const chunk of bytes) {
          await call.show(chunk);
          yield chunk;
        }
        call.end();
      } finally {
        call.leave();
      }
    };
    return {
      bytes: passing(),
      verdict: async () => {
        if (call === undefined) throw notScanned({}, { cause: new Error("nothing was shown to the scanner") });
        return call.verdict();
      },
    };
  }
}

/** One INSTREAM: the command, chunks with their lengths before them, an empty one at the end, one line back. */
class ScannerCall {
  readonly #socket: Socket;
  readonly #reply: Promise<string>;
  #isBroken = false;
  #hasEnded = false;

  constructor(socket: Socket) {
    this.#socket = socket;
    let reply = "";
    this.#reply = new Promise((resolve, reject) => {
      socket.setTimeout(quietMs, () => socket.destroy(new Error("the scanner says nothing")));
      socket.on("data", (data) => {
        reply = `${reply}${data.toString()}`.slice(0, longestReply);
        if (/[\0\n]/.test(reply)) resolve(reply.replaceAll(/[\0\n]/g, "").trim());
      });
      socket.once("error", reject);
      socket.once("close", () => {
        this.#isBroken = true;
        reject(new Error("the scanner hung up"));
      });
    });
    // Asked for at the end; that it failed before then is told then.
    this.#reply.catch(() => undefined);
    socket.write("zINSTREAM\0");
  }

  async show(bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.length && !this.#isBroken; at += chunkBytes) {
      const piece = bytes.subarray(at, at + chunkBytes);
      const length = Buffer.alloc(4);
      length.writeUInt32BE(piece.length);
      this.#socket.write(length);
      if (!this.#socket.write(piece)) await this.#drained();
    }
  }

  end(): void {
    this.#hasEnded = true;
    this.#socket.write(Buffer.alloc(4));
  }

  /** Whoever doesn't send to the end gets no verdict. */
  leave(): void {
    if (!this.#hasEnded) this.#socket.destroy();
  }

  async verdict(): Promise<void> {
    let reply: string;
    try {
      reply = await this.#reply;
    } catch (cause) {
      throw notScanned({}, { cause });
    } finally {
      this.#socket.destroy();
    }
    if (/\bOK$/.test(reply)) return;
    const [, virus] = /^stream: (.*) FOUND$/.exec(reply) ?? [];
    // An error of its own: larger than it looks at, or out of order.
    if (virus === undefined) throw notScanned({}, { cause: new Error(reply) });
    throw infected({ virus });
  }

  #drained(): Promise<void> {
    return new Promise((resolve) => {
      const go = (): void => {
        this.#socket.off("drain", go).off("close", go);
        resolve();
      };
      this.#socket.once("drain", go).once("close", go);
    });
  }
}
