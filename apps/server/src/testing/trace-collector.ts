import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

interface Value {
  readonly stringValue?: string;
  readonly intValue?: string;
  readonly doubleValue?: number;
  readonly boolValue?: boolean;
}
interface Attribute {
  readonly key: string;
  readonly value: Value;
}
/** A span as it came. */
export interface CollectedSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name: string;
  readonly kind: number;
  readonly startTimeUnixNano: string;
  readonly endTimeUnixNano: string;
  readonly attributes: readonly Attribute[];
  readonly status?: { readonly code: number; readonly message: string };
}
interface Body {
  readonly resourceSpans: readonly {
    readonly resource: { readonly attributes: readonly Attribute[] };
    readonly scopeSpans: readonly { readonly spans: readonly CollectedSpan[] }[];
  }[];
}

export interface TraceCollector {
  readonly url: string;
  readonly spans: readonly CollectedSpan[];
  /** Everything as it came over the wire. */
  readonly raw: readonly string[];
  readonly requests: readonly { readonly path: string; readonly headers: IncomingHttpHeaders }[];
  readonly resource: () => Readonly<Record<string, string | undefined>>;
  /** What it answers with; "never": nothing, and keeps the connection. */
  answer: number | "never";
  close(): Promise<void>;
}

/** A collector that takes spans by OTLP over HTTP, on this machine. */
export async function openTraceCollector(): Promise<TraceCollector> {
  const spans: CollectedSpan[] = [];
  const raw: string[] = [];
  const requests: { path: string; headers: IncomingHttpHeaders }[] = [];
  let resource: readonly Attribute[] = [];
  const server = createServer((request, response) => void take(request, response));
  const take = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    let text = "";
    for await (const chunk of request.setEncoding("utf8")) text += String(chunk);
    requests.push({ path: request.url ?? "", headers: request.headers });
    if (collector.answer === "never") return;
    if (collector.answer === 200) {
      raw.push(text);
      for (const each of (JSON.parse(text) as Body).resourceSpans) {
        resource = each.resource.attributes;
        spans.push(...each.scopeSpans.flatMap((scope) => scope.spans));
      }
    }
    response.writeHead(collector.answer, { "content-type": "application/json" }).end("{}");
  };
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const collector: TraceCollector = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    spans,
    raw,
    requests,
    resource: () => attributesOf(resource) as Record<string, string | undefined>,
    answer: 200,
    close: async () => {
      server.closeAllConnections();
      await new Promise((done) => server.close(done));
    },
  };
  return collector;
}

/** A span's attributes by their names. */
export function attributesOf(
  attributes: readonly Attribute[],
): Readonly<Record<string, string | number | boolean | undefined>> {
  return Object.fromEntries(
    attributes.map(({ key, value: { stringValue, intValue, doubleValue, boolValue } }) => [
      key,
      stringValue ?? (intValue === undefined ? (doubleValue ?? boolValue) : Number(intValue)),
    ]),
  );
}
