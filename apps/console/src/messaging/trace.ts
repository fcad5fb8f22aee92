import type { Channel, Inbound } from "@zhanggui/server/engines/connect/connect.contract";
import type { LoggedEvent } from "@zhanggui/server/foundation/events/events.contract";
import type { LogLine } from "@zhanggui/server/foundation/logs/logs.contract";
import type { z } from "zod";
import { scannedChannel } from "../connect/scanned-channel.ts";
import { type Detail, isUnderWay } from "./delivery.ts";

export type Push = z.output<typeof Inbound>;
export type Event = z.output<typeof LoggedEvent>;
export type Line = z.output<typeof LogLine>;

/** Everything that carries one trace id. A part is undefined if the account may not see it. */
export interface Trace {
  readonly inbound: readonly Push[] | undefined;
  readonly events: readonly Event[] | undefined;
  readonly deliveries: readonly Detail[] | undefined;
  /** What the server wrote to its log; only what is still kept. */
  readonly lines?: readonly Line[] | undefined;
}

export type Moment = { readonly id: string; readonly at: string } & (
  | { readonly kind: "inbound" | "reply"; readonly push: Push }
  | { readonly kind: "event"; readonly event: Event }
  | { readonly kind: "line"; readonly line: Line }
  | { readonly kind: "step"; readonly delivery: Detail; readonly step: Detail["steps"][number] }
);

/** What comes first when two moments share their millisecond: a push causes its reply, its events and all the rest. */
const rank: Readonly<Record<Moment["kind"], number>> = { inbound: 0, reply: 1, event: 2, step: 3, line: 4 };

/** The trace as one story, in the order in which it happened. */
export function momentsOf({ inbound = [], events = [], deliveries = [], lines = [] }: Trace): Moment[] {
  const moments: Moment[] = [
    ...inbound.flatMap((push): Moment[] => {
      const arrival: Moment = { id: `inbound-${push.id}`, at: push.receivedAt, kind: "inbound", push };
      return push.reply === null ? [arrival] : [arrival, { ...arrival, id: `reply-${push.id}`, kind: "reply" }];
    }),
    ...events.map((event): Moment => ({ id: event.id, at: event.occurredAt, kind: "event", event })),
    ...lines.map((line): Moment => ({ id: line.id, at: line.at, kind: "line", line })),
    ...deliveries.flatMap((delivery) =>
      delivery.steps.map((step, index): Moment => ({
        id: `${delivery.id}-${index}`,
        at: step.at,
        kind: "step",
        delivery,
        step,
      })),
    ),
  ];
  return moments.toSorted((a, b) => Date.parse(a.at) - Date.parse(b.at) || rank[a.kind] - rank[b.kind]);
}

/** The event of a push; its payload names the channel whose code was scanned, if one was. */
const messageReceived = "connect.message_received.v1";

type KnownChannel = Pick<z.output<typeof Channel>, "id" | "name" | "scene">;

/**
 * The name of the channel whose code started the trace: null if no code did, empty if one did that isn't among
 * `channels`. Accounts that may not see events are told by what WeChat itself reported.
 */
export function channelOf({ inbound = [], events = [] }: Trace, channels: readonly KnownChannel[]): string | null {
  const received = events.find(({ name }) => name === messageReceived)?.payload;
  const { channelId } = (received ?? {}) as { readonly channelId?: unknown };
  if (typeof channelId === "string") return channels.find(({ id }) => id === channelId)?.name ?? "";
  const push = inbound[0];
  return push === undefined ? null : (scannedChannel(push, channels)?.name ?? null);
}

/** How many handlers of the trace's events are done, waiting, given up. */
export function handlersOf(events: readonly Event[]): Readonly<Record<"done" | "pending" | "dead", number>> {
  const all = events.flatMap(({ deliveries }) => deliveries);
  const count = (state: string): number => all.filter((each) => each.state === state).length;
  return { done: count("done"), pending: count("pending"), dead: count("dead") };
}

/** Whether something in the trace is still about to happen. */
export function isTraceUnderWay({ events = [], deliveries = [] }: Trace): boolean {
  return handlersOf(events).pending > 0 || deliveries.some(isUnderWay);
}
