import { Injectable } from "@nestjs/common";
import type { TxCtx } from "@zhanggui/kit/server/ctx";
import { firstIdAt } from "@zhanggui/kit/server/queue/event-log";
import { SettingsService } from "../../settings/settings.service.ts";
import { askedTooOften } from "../codes.contract.ts";
import {
  againSeconds,
  perAddressDay,
  perAddressHour,
  perBusinessHour,
  perDeviceHour,
  perNetworkHour,
} from "../codes.settings.ts";

const hourSeconds = 3600;
const daySeconds = 86_400;

export interface Asking {
  /** The address by each key of the ring. */
  readonly addresses: readonly string[];
  /** Empty where nobody knows it. */
  readonly network: string;
  readonly device: string | null;
}

interface Window {
  readonly seconds: number;
  readonly most: number;
}

/** How often codes may be asked for: to one address, for one device, from one network, of one business. */
@Injectable()
export class Windows {
  constructor(private readonly settings: SettingsService) {}

  /**
   * Lets one more be asked for, in the transaction that adds its row. Whoever asks for the same address, from the same
   * device or network at the same time waits till it has ended: so none is passed over.
   *
   * @throws Fault `codes.asked_too_often`
   */
  async pass(ctx: TxCtx, { addresses, network, device }: Asking): Promise<void> {
    const names = [`address ${addresses[0]}`, `network ${network}`, `device ${device}`];
    await ctx.lock("codes.ask", ...names);
    const get = (setting: typeof perAddressHour): Promise<number> => this.settings.get(ctx, setting);
    const byAddress = [
      { seconds: await get(againSeconds), most: 1 },
      { seconds: hourSeconds, most: await get(perAddressHour) },
      { seconds: daySeconds, most: await get(perAddressDay) },
    ];
    const waits = [await this.#wait(ctx, "address_hash", addresses, byAddress)];
    if (device !== null) {
      const windows = [{ seconds: hourSeconds, most: await get(perDeviceHour) }];
      waits.push(await this.#wait(ctx, "device", [device], windows));
    }
    if (network !== "") {
      const windows = [{ seconds: hourSeconds, most: await get(perNetworkHour) }];
      waits.push(await this.#wait(ctx, "network", [network], windows));
    }
    waits.push(await this.#businessWait(ctx, await get(perBusinessHour)));
    const seconds = Math.max(...waits);
    if (seconds > 0) throw askedTooOften({ seconds });
  }

  /** How long it takes until each window has room for one more; 0 if they have now. */
  async #wait(
    ctx: TxCtx,
    column: "address_hash" | "device" | "network",
    values: readonly string[],
    windows: readonly Window[],
  ): Promise<number> {
    const longest = Math.max(...windows.map(({ seconds }) => seconds));
    const most = Math.max(...windows.map((each) => each.most));
    const since = new Date(ctx.now().getTime() - longest * 1000);
    const rows = await this.#latest(ctx, column, values, since, most);
    const waits = windows.map(({ seconds, most: room }) => {
      // The one that has to be out of the window before another fits in.
      const at = rows[room - 1];
      return at === undefined ? 0 : Math.ceil((at.getTime() + seconds * 1000 - ctx.now().getTime()) / 1000);
    });
    return Math.max(0, ...waits);
  }

  /** Without a lock: so much in all that one more is nothing, and nobody waits for everybody else's. */
  async #businessWait(ctx: TxCtx, most: number): Promise<number> {
    const sinceMs = ctx.now().getTime() - hourSeconds * 1000;
    const first = await ctx.db
      .selectFrom("codes_code")
      .select("createdAt")
      .where("id", ">=", firstIdAt(new Date(sinceMs)))
      .orderBy("id", "desc")
      .offset(most - 1)
      .limit(1)
      .executeTakeFirst();
    return first === undefined ? 0 : Math.max(1, Math.ceil((first.createdAt.getTime() - sinceMs) / 1000));
  }

  async #latest(
    ctx: TxCtx,
    column: "address_hash" | "device" | "network",
    values: readonly string[],
    since: Date,
    limit: number,
  ): Promise<Date[]> {
    const field = column === "address_hash" ? "addressHash" : column;
    const rows = await ctx.db
      .selectFrom("codes_code")
      .select("createdAt")
      .where(field, "in", values)
      .where("createdAt", ">", since)
      .orderBy("createdAt", "desc")
      .limit(limit)
      .execute();
    return rows.map(({ createdAt }) => createdAt);
  }
}
