import type { Insertable } from "kysely";

/**
 * Every table by name. Modules add theirs by declaration merging, in `<m>.tables.ts`; the tidy test keeps
 * each module to its own.
 */
export interface Tables {
  kit_event: KitEvent;
  kit_delivery: KitDelivery;
  kit_subscription: KitSubscription;
}

/** The event log: one row per event, written in the transaction that made it happen. */
export interface KitEvent {
  tenant_id: string;
  id: string;
  name: string;
  payload: unknown;
  actor_kind: string;
  actor_id: string;
  trace_id: string;
  occurred_at: Date;
  /** Null until each subscriber of that moment had its delivery. */
  dispatched_at: Date | null;
}

/** One event for one handler. */
export interface KitDelivery {
  tenant_id: string;
  event_id: string;
  event_name: string;
  handler: string;
  state: "pending" | "done" | "dead";
  attempts: number;
  last_error: string | null;
  due_at: Date;
  updated_at: Date;
}

/** The handlers that running processes know, so that a process of an older version dispatches to newer ones too. */
export interface KitSubscription {
  handler: string;
  event_name: string;
  seen_at: Date;
}

export type TableName = keyof Tables;
export type NewRow<Table extends TableName> = Insertable<Tables[Table]>;
