import type { EventStream } from "../../contract/body.ts";
import type { Entitled } from "../data-scope.ts";
import { hideFields } from "./field-rights.ts";

export interface EventStreamOptions {
  /** How often a quiet stream shows that it lives: more often than proxies give up on it. */
  readonly heartbeatMs: number;
}

/** After a break a listener comes back in this time. */
const retryMs = 2000;
const heartbeat = ":\n\n";

/** Writes events as WHATWG HTML §9.2 has them. It ends with the handler's events, or when nobody listens any more. */
export async function* frames(
  { events: shapes }: EventStream,
  events: AsyncIterable<{ readonly event: string; readonly data: unknown; readonly id?: string }>,
  signal: AbortSignal,
  { heartbeatMs, reader }: EventStreamOptions & { readonly reader: Entitled },
): AsyncGenerator<string, void, undefined> {
  const iterator = events[Symbol.asyncIterator]();
  const ended = Promise.withResolvers<"ended">();
  const end = (): void => ended.resolve("ended");
  if (signal.aborted) end();
  signal.addEventListener("abort", end, { once: true });
  try {
    // Sent at once, so that the listener knows that the stream stands.
    yield `retry: ${retryMs}\n\n`;
    let next = iterator.next();
    for (;;) {
      const pause = timer(heartbeatMs);
      const came = await Promise.race([next, ended.promise, pause.promise]).finally(pause.clear);
      if (came === "ended") return;
      if (came === "quiet") {
        yield heartbeat;
        continue;
      }
      if (came.done) return;
      const { event, data, id } = came.value;
      const shape = shapes[event];
      if (shape === undefined) throw new Error(`the contract names no event ${event}`);
      const text = JSON.stringify(hideFields(shape, await shape.parseAsync(data), reader));
      yield `${id === undefined ? "" : `id: ${oneLine(id)}\n`}event: ${event}\ndata: ${text}\n\n`;
      next = iterator.next();
    }
  } finally {
    signal.removeEventListener("abort", end);
    // Not awaited: a handler that waits for its next event hears of the end by ctx.signal.
    void iterator.return?.()?.then(undefined, () => {});
  }
}

function timer(ms: number) {
  const { promise, resolve } = Promise.withResolvers<"quiet">();
  const timeout = setTimeout(resolve, ms, "quiet");
  return { promise, clear: () => clearTimeout(timeout) };
}

function oneLine(id: string): string {
  if (/[\r\n\0]/.test(id)) throw new Error("an event's id is one line");
  return id;
}
