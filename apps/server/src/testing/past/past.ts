import { businessDay, defaultZone } from "@zhanggui/kit/contract/business-day";
import { addDays, dayStart } from "@zhanggui/kit/contract/day";
import pg from "pg";
import { type Bound, type WechatSide, welcomeTemplate } from "../lantern-tea.ts";
import type { Api } from "../test-server.ts";
import { pastDays } from "./calendar.ts";
import { furnish } from "./furnish.ts";
import type { Shop } from "./ledger.ts";
import { bondKey, live, type Lived, type Said } from "./live.ts";
import { load, refuseOthers } from "./load.ts";
import type { Openid } from "./persons.ts";
import { type AccountKey, type Story, tellStory } from "./story.ts";

/** Who somebody is to an account, and what they said before. */
export interface Bond {
  readonly puppet: {
    readonly id: string;
    readonly name: string;
    readonly templateDelivery: "success" | "user_block" | "system_failed";
  };
  readonly following: boolean;
  readonly followedAt: number;
  readonly scene?: string;
  readonly chat?: Said[];
}
export interface Remembered {
  readonly puppetId: string;
  readonly openid: string;
  readonly unionid: string | null;
}
/** What a past needs of the other side. */
export interface PastSide extends WechatSide {
  account(appid: string): { originalId: string } | Promise<{ originalId: string }>;
  remember(appid: string, past: { bonds: Bond[] }): readonly Remembered[] | Promise<readonly Remembered[]>;
}

export interface PastOptions {
  /** As the owner. */
  readonly api: Api;
  readonly wechat: PastSide;
  readonly serverUrl: string;
  readonly databaseUrl: string;
  readonly bound: Bound;
  readonly now: Date;
}

/**
 * Gives Lantern Tea, which has just been set up, the ninety days before today; at WeChat's stand-in too, where those
 * who follow can be written to and have their chats.
 *
 * @returns how many people came
 * @throws Error for a tenant that isn't the demonstration's, and where somebody has been already
 */
export async function givePast(options: PastOptions): Promise<number> {
  const { api, wechat, serverUrl, databaseUrl, bound, now } = options;
  const zone = defaultZone;
  const today = businessDay(now, zone);
  const { tenant } = await api.access.me();
  await connected(databaseUrl, (client) => refuseOthers(client, tenant.id));
  const furnished = await furnish(api, wechat, serverUrl, bound);
  const shop = await shopOf(api, databaseUrl, furnished);
  const story = tellStory({ today, zone, storesUrl: "http://127.0.0.1/stores" });
  const openids = await introduce(wechat, shop, story);
  const lived = await live({ story, shop, openids, today, zone });
  const openedAt = new Date(dayStart(addDays(today, -pastDays), zone).getTime() + 8 * 3_600_000);
  await load(databaseUrl, shop, lived, openedAt);
  await introduce(wechat, shop, story, lived);
  return story.guests.length;
}

/** The shop as the server has it, and who listens to what. */
export async function shopOf(
  api: Api,
  databaseUrl: string,
  furnished: Pick<Shop, "accounts" | "channels">,
): Promise<Shop> {
  const { tenant } = await api.access.me();
  const { items: accounts } = await api.access.listAccounts();
  const operator = accounts.find(({ login }) => login.startsWith("operator@"));
  const { rows } = await connected(databaseUrl, (client) =>
    // Those that only some tenants listen by are nobody's here.
    client.query<{ name: string; handlers: string[] }>(
      `SELECT event_name AS name, array_agg(handler ORDER BY handler) AS handlers
       FROM kit_subscription WHERE NOT by_tenant AND replaced_by IS NULL GROUP BY event_name`,
    ),
  );
  return {
    ...furnished,
    tenantId: tenant.id,
    rules: (await api.messaging.listRules()).items,
    scenes: (await api.messaging.listScenes()).items,
    operator: { id: operator?.id ?? tenant.id, name: operator?.displayName ?? "" },
    handlers: new Map(rows.map(({ name, handlers }) => [name, handlers])),
  };
}

async function connected<Result>(databaseUrl: string, work: (client: pg.Client) => Promise<Result>): Promise<Result> {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

/** Makes WeChat know everybody of the story; with what was said, once that is known. */
export async function introduce(
  wechat: PastSide,
  { accounts, channels }: Shop,
  { happenings }: Story,
  lived?: Lived,
): Promise<Map<string, Openid>> {
  const bonds: Readonly<Record<AccountKey, Map<string, Bond>>> = { shop: new Map(), club: new Map() };
  for (const { guest, account, act, at } of happenings) {
    const { puppetId: id, nickname: name, templateDelivery } = guest;
    const before = bonds[account].get(id) ?? {
      puppet: { id, name, templateDelivery },
      following: false,
      followedAt: 0,
    };
    const scene = act.kind === "follow" && act.channel !== undefined ? channels[act.channel].scene : undefined;
    const changed =
      act.kind === "follow"
        ? { following: true, followedAt: at.getTime(), ...(scene === undefined ? {} : { scene }) }
        : { following: act.kind !== "unfollow" && before.following };
    bonds[account].set(id, { ...before, ...changed });
  }
  const openids = new Map<string, Openid>();
  for (const account of ["shop", "club"] as const) {
    const known = [...bonds[account].values()].map((bond) => {
      const said = lived?.chats.get(bondKey(account, bond.puppet.id)) ?? [];
      return { ...bond, chat: said.map(shown) };
    });
    const remembered = await wechat.remember(accounts[account].appId, { bonds: known });
    for (const { puppetId, openid, unionid } of remembered) {
      openids.set(bondKey(account, puppetId), { account, openid, unionid });
    }
  }
  return openids;
}

/** A template message as the phone shows it. */
function shown(said: Said): Said {
  if (said.content["kind"] !== "template") return said;
  const data = said.content["data"] as Readonly<Record<string, string>>;
  const lines = welcomeTemplate.content.split("\n").map((line) => {
    return { text: line.replaceAll(/\{\{(\w+)\.DATA\}\}/g, (_, name: string) => data[name] ?? ""), color: null };
  });
  return { ...said, content: { kind: "template", title: welcomeTemplate.title, lines, url: "" } };
}
