import type { SpanOptions } from "../tracing/spans.ts";
import type { Task } from "./definition.ts";

/** A task as a span, by OpenTelemetry's conventions for messaging. */
export function taskSpan(
  queue: string,
  { tenantId, ref, attempt }: Task,
  tasks = 1,
): SpanOptions & { readonly name: string } {
  return {
    name: `process ${queue}`,
    kind: "consumer",
    attributes: {
      "messaging.system": "zhanggui",
      "messaging.operation.type": "process",
      "messaging.destination.name": queue,
      "messaging.message.id": ref,
      "messaging.batch.message_count": tasks,
      "zhanggui.attempt": attempt,
      "zhanggui.tenant": tenantId,
    },
  };
}
