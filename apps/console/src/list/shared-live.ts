import type { LiveEvent } from "@zhanggui/kit/contract/client";

/** A call of a list that is live, as the client has it. */
interface LiveList {
  readonly live: (input: object, options: { readonly signal: AbortSignal }) => AsyncIterable<LiveEvent>;
}

interface Stream {
  readonly listeners: Set<Listener>;
  readonly stop: AbortController;
  /** When rows may have changed last, in epoch milliseconds; undefined until it is listened to. */
  changedAt: number | undefined;
}

const streams = new Map<LiveList, Stream>();

/**
 * One stream of a list for all on the screen who follow it whole. To one server a browser has six connections
 * (HTTP/1.1), and a stream takes one for as long as it lasts: with six of them nothing else would get through.
 */
export function sharedLive(list: LiveList): (signal: AbortSignal) => AsyncIterable<LiveEvent> {
  return (signal) => follow(list, signal);
}

async function* follow(list: LiveList, signal: AbortSignal): AsyncGenerator<LiveEvent, void, undefined> {
  const stream = streams.get(list) ?? begin(list);
  const own = new Listener();
  // Whoever joins hears no more of what the others were told.
  if (stream.changedAt !== undefined) own.listen(Date.now() - stream.changedAt);
  const leave = (): void => own.end(signal.reason);
  stream.listeners.add(own);
  signal.addEventListener("abort", leave, { once: true });
  if (signal.aborted) leave();
  try {
    for (;;) {
      const event = await own.next();
      if (event === undefined) return;
      yield event;
    }
  } finally {
    signal.removeEventListener("abort", leave);
    stream.listeners.delete(own);
    if (stream.listeners.size === 0) close(list, stream);
  }
}

function begin(list: LiveList): Stream {
  const stream: Stream = { listeners: new Set(), stop: new AbortController(), changedAt: undefined };
  streams.set(list, stream);
  const all = (tell: (each: Listener) => void): void => [...stream.listeners].forEach(tell);
  const pump = async (): Promise<void> => {
    for await (const event of list.live({}, { signal: stream.stop.signal })) {
      const quietMs = event.event === "listening" ? event.data.quietMs : 0;
      stream.changedAt = Date.now() - quietMs;
      all((each) => (event.event === "listening" ? each.listen(quietMs) : each.tell()));
    }
  };
  pump().then(
    () => {
      close(list, stream);
      all((each) => each.end());
    },
    (error: unknown) => {
      close(list, stream);
      all((each) => each.end(error));
    },
  );
  return stream;
}

function close(list: LiveList, stream: Stream): void {
  if (streams.get(list) === stream) streams.delete(list);
  stream.stop.abort();
}

/** However much happens while somebody looks, they look once more. */
class Listener {
  #quietMs: number | undefined;
  #isTold = false;
  #end: { readonly error: Error | undefined } | undefined;
  #wake = (): void => {};

  /** @param quietMs for how long nothing had changed when it began */
  listen(quietMs: number): void {
    this.#quietMs = quietMs;
    this.#wake();
  }

  tell(): void {
    this.#isTold = true;
    this.#wake();
  }

  end(error?: unknown): void {
    const why = error === undefined || error instanceof Error ? error : new Error("ended", { cause: error });
    this.#end ??= { error: why };
    this.#wake();
  }

  /** Undefined at the end. @throws what the stream ended with */
  async next(): Promise<LiveEvent | undefined> {
    while (!this.#isTold && this.#quietMs === undefined && this.#end === undefined) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    if (this.#end?.error !== undefined) throw this.#end.error;
    if (this.#end !== undefined) return undefined;
    const quietMs = this.#quietMs;
    this.#quietMs = undefined;
    if (quietMs !== undefined) return { event: "listening", data: { quietMs } };
    this.#isTold = false;
    return { event: "changed" };
  }
}
