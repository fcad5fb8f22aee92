import type { EventDefinition } from "@zhanggui/kit/contract/event";
import type { Out } from "@zhanggui/kit/contract/route";
import type { connect } from "../../engines/connect/connect.contract.ts";
import type { messaging } from "../../engines/messaging/messaging.contract.ts";
import type { Chance } from "./chance.ts";
import type { Outages } from "./outages.ts";
import { Ids, Rows } from "./rows.ts";
import type { AccountKey, ChannelKey } from "./story.ts";

export interface BoundAccount {
  /** The app's id here, and WeChat's. */
  readonly id: string;
  readonly appId: string;
  readonly originalId: string;
  readonly name: string;
}
/** Lantern Tea as it stands: what was set up, and who listens to what. */
export interface Shop {
  readonly tenantId: string;
  readonly accounts: Readonly<Record<AccountKey, BoundAccount>>;
  readonly channels: Readonly<Record<ChannelKey, Out<typeof connect.createChannel>>>;
  /** In the order in which they win. */
  readonly rules: Out<typeof messaging.listRules>["items"];
  readonly scenes: Out<typeof messaging.listScenes>["items"];
  readonly operator: { readonly id: string; readonly name: string };
  /** Who handles each event. */
  readonly handlers: ReadonlyMap<string, readonly string[]>;
}

/** Who does something, in which trace and when (milliseconds). */
export interface Doing {
  readonly actor: { readonly kind: "wechat" | "system"; readonly id: string };
  readonly trace: string;
  readonly at: number;
}

/** What every part of the past writes with. */
export class Ledger {
  readonly rows = new Rows();
  readonly ids: Ids;
  readonly shop: Shop;
  readonly chance: Chance;
  readonly outages: Outages;

  constructor(shop: Shop, chance: Chance, outages: Outages) {
    this.shop = shop;
    this.chance = chance;
    this.outages = outages;
    this.ids = new Ids(chance);
  }

  /** As `ctx.emit` writes it, and handled by everybody who listens. Returns the event's id. */
  emit<Payload>(event: EventDefinition<Payload>, payload: Payload, { actor, trace, at }: Doing): string {
    const { tenantId, handlers } = this.shop;
    const id = this.ids.at(at);
    const told = handlers.get(event.name) ?? [];
    this.rows.add("kit_event", {
      tenantId,
      id,
      name: event.name,
      key: event.key?.(payload) ?? null,
      payload: event.payload.parse(payload) as Readonly<Record<string, unknown>>,
      actorKind: actor.kind,
      actorId: actor.id,
      traceId: trace,
      occurredAt: new Date(at),
      handlers: `{${told.join(",")}}`,
    });
    for (const handler of told) {
      const handledAt = new Date(at + this.chance.between(6, 45));
      this.rows.add("kit_handled", { tenantId, eventId: id, handler, attempts: 1, handledAt });
    }
    return id;
  }
}
