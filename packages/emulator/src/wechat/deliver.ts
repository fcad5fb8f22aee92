import { request as requestHttp } from "node:http";
import { request as requestHttps } from "node:https";

export interface Answer {
  status: number;
  body: string;
}

const maxAnswerBytes = 1_000_000;

/**
 * One HTTP exchange on a connection of its own, as WeChat's servers do it. Rejects with a plain sentence when there is
 * no answer within `timeoutMs`; redirects aren't followed.
 */
export function exchange(
  url: string,
  options: { method: "GET" | "POST"; body?: string; contentType?: string; timeoutMs: number; signal?: AbortSignal },
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const send = url.startsWith("https:") ? requestHttps : requestHttp;
    const body = Buffer.from(options.body ?? "");
    const headers: Record<string, string | number> = {
      "user-agent": "Mozilla/4.0",
      accept: "*/*",
      connection: "close",
    };
    if (options.method === "POST") {
      headers["content-type"] = options.contentType ?? "text/xml";
      headers["content-length"] = body.length;
    }
    const request = send(url, { method: options.method, headers, agent: false }, (response) => {
      const chunks: Buffer[] = [];
      let bytes = 0;
      response.on("data", (chunk: Buffer) => {
        bytes += chunk.length;
        if (bytes > maxAnswerBytes) request.destroy(new Error("the answer is longer than a megabyte"));
        else chunks.push(chunk);
      });
      response.on("end", () => {
        clearTimeout(timer);
        resolve({ status: response.statusCode ?? 0, body: Buffer.concat(chunks).toString("utf8") });
      });
      response.on("error", fail);
    });
    const timer = setTimeout(() => {
      request.destroy(new Error(`no answer within ${options.timeoutMs / 1000} s`));
    }, options.timeoutMs);
    function fail(error: Error): void {
      clearTimeout(timer);
      reject(new Error(sentence(error)));
    }
    const abort = (): void => void request.destroy(new Error("the emulator stopped"));
    options.signal?.addEventListener("abort", abort, { once: true });
    request.on("error", fail);
    request.on("close", () => options.signal?.removeEventListener("abort", abort));
    request.end(options.method === "POST" ? body : undefined);
  });
}

function sentence(error: Error & { code?: string }): string {
  if (error.code === "ECONNREFUSED") return "the connection was refused: nothing listens there";
  if (error.code === "ECONNRESET") return "the connection was cut before the answer";
  if (error.code === "ENOTFOUND") return "the host name isn't known";
  return error.message === "" ? (error.code ?? "the connection failed") : error.message;
}
