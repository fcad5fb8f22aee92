import type { EventStream } from "./body.ts";
import { parsed } from "./client-response.ts";

interface Fields {
  event: string;
  id: string | undefined;
  data: string[];
}

/**
 * Reads server-sent events as they arrive (WHATWG HTML §9.2.6). It ends when the server ends the stream; leaving the
 * loop ends it from this side. Kinds of events that the contract doesn't name are passed over: a newer server may send
 * them.
 */
export async function* readEvents(
  body: ReadableStream<Uint8Array>,
  { events }: EventStream,
): AsyncGenerator<{ event: string; data: unknown; id?: string }, void, undefined> {
  let fields = empty();
  for await (const line of linesOf(body)) {
    if (line !== "") {
      take(fields, line);
      continue;
    }
    const shape = events[fields.event];
    if (fields.data.length > 0 && shape !== undefined) {
      const data: unknown = await parsed(shape, JSON.parse(fields.data.join("\n")));
      yield { event: fields.event, data, ...(fields.id === undefined ? {} : { id: fields.id }) };
    }
    fields = empty();
  }
}

function empty(): Fields {
  return { event: "message", id: undefined, data: [] };
}

/** A line that begins with a colon is a comment: the server's heartbeat. */
function take(fields: Fields, line: string): void {
  const [, name = "", value = ""] = /^([^:]*):? ?(.*)$/s.exec(line) ?? [];
  if (name === "event") fields.event = value;
  else if (name === "id") fields.id = value;
  else if (name === "data") fields.data.push(value);
}

async function* linesOf(body: ReadableStream<Uint8Array>): AsyncGenerator<string, void, undefined> {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let rest = "";
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      const lines = (rest + decoder.decode(value, { stream: true })).split(/\r\n|\n|\r(?!$)/);
      rest = lines.pop() ?? "";
      yield* lines;
    }
  } finally {
    await reader.cancel().catch(() => {});
  }
}
