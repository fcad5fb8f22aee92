import { Injectable } from "@nestjs/common";
import { newId } from "@zhanggui/kit/contract/ids";
import type { Flat, Out } from "@zhanggui/kit/contract/route";
import type { Language } from "@zhanggui/kit/contract/text";
import type { Ctx, TxCtx } from "@zhanggui/kit/server/ctx";
import { Extensions } from "@zhanggui/kit/server/extensions";
import { type CountIn, DailyCounts, rowsIn } from "@zhanggui/kit/server/figures";
import { networkOf } from "@zhanggui/kit/server/http/rate-limiter";
import { listOf } from "@zhanggui/kit/server/list";
import { Runtime } from "@zhanggui/kit/server/runtime";
import type { Found } from "@zhanggui/kit/server/search";
import { sql, type SqlBool } from "kysely";
import { Fault } from "@zhanggui/kit/contract/fault";
import { firstIdAt } from "@zhanggui/kit/server/queue/event-log";
import { Tenants } from "../access/tenants.ts";
import { SettingsService } from "../settings/settings.service.ts";
import { countLimit } from "@zhanggui/kit/contract/count-limit";
import { addressIn, Channel, maskAddress, readAddress } from "@zhanggui/kit/contract/contact-address";
import { type Kept, readySenders } from "./code-sender.ts";
import { askedTooOften, channelOff, codeExpired, codes, codeWrong } from "./codes.contract.ts";
import { codeMessage } from "./codes.sealed.ts";
import { againSeconds, longestMinutes, validMinutes } from "./codes.settings.ts";
import { addressHashes, codeHashes, isOneOf, newCode, newDevice, readDevice } from "./internal/hashes.ts";
import { refusedIn, Refusals } from "./internal/refusals.ts";
import { Windows } from "./internal/windows.ts";

/** NIST SP 800-63B §5.2.2 wants few; five wrong digits of a thumb are forgiven. */
const mostTries = 5;

/** What a code is asked for. */
export interface Wanted {
  /** What it lets somebody do: a code for one thing is worth nothing for another. */
  readonly purpose: string;
  readonly channel: Channel;
  /** However it was typed. */
  readonly address: string;
}
export interface Asked extends Wanted {
  readonly language: Language;
  /** Where it was asked from, as `ctx.source` has it. */
  readonly network: string;
  /** What `deviceOf` knows the device by: asking and entering are one conversation of it. */
  readonly device: string | undefined;
  /** Nobody is to be written to at this address: it is answered like any other. */
  readonly isWithheld?: boolean;
}
export interface Entered {
  readonly code: string;
  readonly device?: string | null | undefined;
}
type AskedView = Out<typeof codes.ask>;

/** Codes by which somebody proves that a phone number or a mail address is theirs. */
@Injectable()
export class CodesService {
  readonly #counts = new DailyCounts();
  readonly #asked;
  readonly #entered;
  readonly #refusals: Refusals;

  constructor(
    private readonly runtime: Runtime,
    private readonly settings: SettingsService,
    private readonly tenants: Tenants,
    private readonly windows: Windows,
    private readonly extensions: Extensions,
  ) {
    const { metrics } = runtime;
    this.#refusals = new Refusals(runtime);
    this.#asked = metrics.counter({
      name: "zg_codes_asked_total",
      help: "Verification codes asked for, by channel and what came of it",
      labels: ["channel", "outcome"],
    });
    this.#entered = metrics.counter({
      name: "zg_codes_entered_total",
      help: "Verification codes entered, by what came of it",
      labels: ["outcome"],
    });
  }

  /** By which ways codes can go out for this tenant. */
  async channels(ctx: Ctx): Promise<Channel[]> {
    const ready = await Promise.all(Channel.options.map((each) => readySenders(ctx, this.extensions, each)));
    return Channel.options.filter((_, index) => (ready[index]?.length ?? 0) > 0);
  }

  /** What a device is known by, and the token that it brings next time; a new one for what brings none of ours. */
  deviceOf(ctx: Ctx, token: string | undefined): { readonly device: string; readonly token: string } {
    const known = readDevice(this.runtime.secrets, token);
    if (known !== undefined && token !== undefined) return { device: known, token };
    const device = newId(ctx.now());
    return { device, token: newDevice(this.runtime.secrets, device) };
  }

  /** What a device that brings its token is known by; undefined for a token that wasn't made here. */
  knownDevice(token: string): string | undefined {
    return readDevice(this.runtime.secrets, token);
  }

  /**
   * Makes a code, and has it sent in the background; the one that the same device asked for before is good no longer.
   * Whatever is known of the address, the same statements run and the same is answered.
   *
   * @throws Fault `codes.asked_too_often`, `codes.channel_off`
   */
  async ask(ctx: Ctx, asked: Asked): Promise<AskedView> {
    const { channel, purpose, language, network, device = null, isWithheld = false } = asked;
    const address = readAddress(channel, asked.address);
    if ((await readySenders(ctx, this.extensions, channel)).length === 0) throw channelOff();
    const minutes = await this.settings.get(ctx, validMinutes);
    const again = await this.settings.get(ctx, againSeconds);
    const found = addressHashes(this.runtime.secrets, ctx.tenantId, channel, address);
    const [id, code, now] = [newId(ctx.now()), newCode(), ctx.now()];
    const kept: Kept = { address, code, language, minutes };
    const expiresAt = new Date(now.getTime() + minutes * 60_000);
    try {
      await ctx.tx(async (ctx) => {
        await this.windows.pass(ctx, { addresses: found, network, device });
        await replaceFormer(ctx, purpose, found, device);
        await ctx.db
          .insertInto("codes_code")
          .values({
            id,
            purpose,
            channel,
            addressHash: found[0] ?? "",
            addressMasked: maskAddress(channel, address),
            network,
            device,
            codeHash: codeHashes(this.runtime.secrets, id, code)[0] ?? "",
            messageSealed: this.runtime.secrets.seal(JSON.stringify(kept), codeMessage.context({ id })),
            isWithheld,
            expiresAt,
          })
          .execute();
        await ctx.queueTask("codes.send", id);
      });
    } catch (error) {
      this.#asked.add({ channel, outcome: "refused" });
      if (error instanceof Fault && error.code === askedTooOften.code) await this.#refusals.add(ctx.tenantId);
      throw error;
    }
    this.#asked.add({ channel, outcome: "taken" });
    return { expiresAt, againSeconds: again };
  }

  /**
   * Takes a code. It is good once: of two who enter it at the same time, one is let in. Its tries are those of whoever
   * asked for it: somebody else who guesses has no code to guess at.
   *
   * @param given `device`: which one asked, null for none of those that were made here; left out, whichever asked last
   * @throws Fault `codes.wrong`, also where no code was asked for; `codes.expired` for one that was used, is too old or
   *   was guessed at too often
   */
  async verify(ctx: Ctx, given: Wanted & Entered): Promise<void> {
    const { purpose, channel, address, code, device } = given;
    const found = addressHashes(this.runtime.secrets, ctx.tenantId, channel, readAddress(channel, address));
    // Committed whatever it comes to: a wrong one counts.
    const entered = { code: code.replaceAll(/\s/g, ""), ...(device !== undefined && { device }) };
    const outcome = await ctx.tx((ctx) => this.#take(ctx, purpose, found, entered));
    this.#entered.add({ outcome });
    if (outcome === "expired") throw codeExpired();
    if (outcome === "wrong") throw codeWrong();
  }

  async #take(
    ctx: TxCtx,
    purpose: string,
    addresses: readonly string[],
    { code, device }: Entered,
  ): Promise<"right" | "wrong" | "expired"> {
    let latest = ctx.db
      .selectFrom("codes_code")
      .select(["id", "codeHash", "state", "tries", "expiresAt"])
      .where("addressHash", "in", addresses)
      .where("purpose", "=", purpose);
    if (device !== undefined) latest = latest.where("device", "=", device);
    const row = await latest.orderBy("createdAt", "desc").orderBy("id", "desc").limit(1).forUpdate().executeTakeFirst();
    if (row === undefined) return "wrong";
    const isOpen = row.state === "waiting" || row.state === "sent" || row.state === "failed";
    if (!isOpen || row.expiresAt <= ctx.now()) return "expired";
    const isRight = isOneOf(row.codeHash, codeHashes(this.runtime.secrets, row.id, code));
    const tries = row.tries + 1;
    const isDead = !isRight && tries >= mostTries;
    await ctx.db
      .updateTable("codes_code")
      .set({
        tries,
        ...(isRight && { state: "used" as const, usedAt: ctx.now(), messageSealed: null }),
        ...(isDead && { state: "guessed" as const, messageSealed: null }),
      })
      .where("id", "=", row.id)
      .execute();
    return isRight ? "right" : "wrong";
  }

  /** For programs, which say whose device and network it is. Their purposes are their own: none is one of ours. */
  askFor(ctx: Ctx, input: Flat<typeof codes.ask>): Promise<AskedView> {
    const { clientAddress, device, purpose, ...asked } = input;
    const network = clientAddress === undefined ? "" : networkOf(clientAddress);
    return this.ask(ctx, { ...asked, purpose: ofPrograms(purpose), network, device });
  }

  async verifyFor(ctx: Ctx, { purpose, ...given }: Flat<typeof codes.verify>): Promise<void> {
    await this.verify(ctx, { ...given, purpose: ofPrograms(purpose) });
  }

  list(ctx: Ctx, query: Flat<typeof codes.list>): Promise<Out<typeof codes.list>> {
    const now = ctx.now();
    // Nothing that was asked for before is good now.
    const firstOpen = firstIdAt(new Date(now.getTime() - longestMinutes * 60_000));
    const rows = ctx.db
      .selectFrom("codes_code")
      .select(["id", "addressHash", "channel", "purpose", "tries", "failure", "network", "expiresAt", "createdAt"])
      .select(["addressMasked as address", "state as keptState"])
      .select(
        sql<"waiting" | "sent" | "failed" | "used" | "expired" | "replaced" | "guessed">`
          CASE WHEN state IN ('waiting', 'sent') AND expires_at <= ${now} THEN 'expired' ELSE state END`.as("state"),
      );
    return listOf(ctx, codes.list, query, rows, {
      search: (typed) => this.#sentTo(ctx, typed),
      filters: {
        state: ({ eb, or, and }, states) =>
          or(
            states.map((state) => {
              if (state === "expired")
                return and([eb("item.keptState", "in", ["waiting", "sent"]), eb("item.expiresAt", "<=", now)]);
              const is = eb("item.keptState", "=", state);
              if (state !== "waiting" && state !== "sent") return is;
              return and([is, eb("item.expiresAt", ">", now), eb("item.id", ">=", firstOpen)]);
            }),
          ),
      },
    });
  }

  /** Addresses are kept as hashes: a whole one finds its codes, a part of one nothing. */
  async #sentTo(ctx: Ctx, typed: string): Promise<Found> {
    const hashes = Channel.options.flatMap((channel) => {
      const address = addressIn(channel, typed);
      return address === undefined ? [] : addressHashes(this.runtime.secrets, ctx.tenantId, channel, address);
    });
    const rows = ctx.db.selectFrom("codes_code").select("id").where("addressHash", "in", hashes);
    const found = hashes.length === 0 ? [] : await rows.limit(countLimit + 1).execute();
    return {
      ids: found.length > countLimit ? undefined : found.map(({ id }) => id),
      holds: (alias) => sql<SqlBool>`${sql.ref(`${alias}.address_hash`)} = ANY (${hashes})`,
    };
  }

  async figures(ctx: Ctx): Promise<Out<typeof codes.getFigures>> {
    const { zone } = await this.tenants.get(ctx.tenantId);
    const of = (name: string, count: CountIn) => this.#counts.of(ctx, name, zone, count);
    const at = ctx.now();
    // What isn't over yet may still be used.
    const over = sql`state IN ('waiting', 'sent') AND expires_at <= ${at}`;
    return {
      asked: await of("asked", rowsIn("codes_code")),
      sent: await of("sent", rowsIn("codes_code", { column: "sentAt" })),
      used: await of("used", rowsIn("codes_code", { column: "usedAt" })),
      expired: await of("expired", rowsIn("codes_code", { column: "expiresAt", where: over })),
      refused: await of("refused", refusedIn),
    };
  }
}

/** Only of the same conversation: else whoever asks for somebody's code would cancel the one that they hold. */
async function replaceFormer(
  ctx: TxCtx,
  purpose: string,
  addresses: readonly string[],
  device: string | null,
): Promise<void> {
  await ctx.db
    .updateTable("codes_code")
    .set({ state: "replaced", messageSealed: null })
    .where("addressHash", "in", addresses)
    .where("purpose", "=", purpose)
    .where("state", "in", ["waiting", "sent", "failed"])
    .where("device", "is not distinct from", device)
    .execute();
}

function ofPrograms(purpose: string): string {
  return `api.${purpose}`;
}
