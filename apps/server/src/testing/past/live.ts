import { Chance } from "./chance.ts";
import { Inbound, type Kept } from "./inbound.ts";
import { Ledger, type Shop } from "./ledger.ts";
import { Outages } from "./outages.ts";
import { type Openid, Persons } from "./persons.ts";
import type { Rows } from "./rows.ts";
import { Sending } from "./sending.ts";
import type { AccountKey, Act, Happening, Story } from "./story.ts";

/** An entry of a chat, as the stand-in's phone shows it. */
export interface Said {
  readonly at: number;
  readonly from: "puppet" | "account" | "system";
  readonly via: "passive" | "template" | null;
  readonly content: Readonly<Record<string, unknown>>;
}
export interface Lived {
  readonly rows: Rows;
  /** How often each rule has answered. */
  readonly answered: ReadonlyMap<string, number>;
  /** By account and puppet. */
  readonly chats: ReadonlyMap<string, readonly Said[]>;
}
export interface Living {
  readonly story: Story;
  readonly shop: Shop;
  /** By account and puppet. */
  readonly openids: ReadonlyMap<string, Openid>;
  readonly today: string;
  readonly zone: string;
}

export function bondKey(account: AccountKey, puppetId: string): string {
  return `${account} ${puppetId}`;
}

/**
 * Lives a story: every row that the product would have written, had it all come in over the wire. The test beside this
 * file lives a small one for real and compares.
 */
export async function live({ story, shop, openids, today, zone }: Living): Promise<Lived> {
  const ledger = new Ledger(shop, new Chance(7_919), new Outages(today, zone));
  const persons = new Persons(ledger);
  const inbound = new Inbound(ledger);
  const sending = new Sending(ledger, persons, inbound);
  const chats = new Map<string, Said[]>();
  for (const happening of story.happenings) {
    const { guest, account, act, at } = happening;
    const key = bondKey(account, guest.puppetId);
    const who = openids.get(key);
    if (who === undefined) throw new Error(`${key} has no openid`);
    if (act.kind === "name") persons.name(who, act.name);
    else if (act.kind === "tag") persons.tag(who, act.name, at.getTime());
    else if (act.kind === "identify") persons.identify(who, act.as, act.value, at.getTime());
    else {
      const { kind, fields } = pushOf(shop, act);
      const message = inbound.keep({ account, openid: who.openid, kind, fields, at: at.getTime() });
      const chat = chats.get(key) ?? [];
      chats.set(key, chat);
      chat.push(...saidBy(happening, shop, message));
      const started = persons.receive(who, kind, message);
      if (act.kind === "follow") persons.fetchProfile(who, message);
      for (const start of started) {
        for (const card of await sending.start(start, { guest, who, person: persons.of(who), message })) {
          chat.push({ at: card.at, from: "account", via: "template", content: { kind: "template", data: card.data } });
        }
      }
    }
  }
  persons.write();
  return { rows: ledger.rows, answered: inbound.answered(), chats };
}

type Pushed = Exclude<Act, { kind: "name" | "tag" | "identify" }>;

/** What WeChat pushes when somebody does that. */
function pushOf({ channels }: Shop, act: Pushed): { kind: string; fields: Readonly<Record<string, string>> } {
  switch (act.kind) {
    case "follow": {
      const code = act.channel === undefined ? undefined : channels[act.channel];
      const fields = code === undefined ? { EventKey: "" } : { EventKey: `qrscene_${code.scene}`, Ticket: code.ticket };
      return { kind: "event:subscribe", fields };
    }
    case "scan": {
      const { scene, ticket } = channels[act.channel];
      return { kind: "event:SCAN", fields: { EventKey: scene, Ticket: ticket } };
    }
    case "unfollow":
      return { kind: "event:unsubscribe", fields: { EventKey: "" } };
    case "say":
      return { kind: "text", fields: { Content: act.text } };
    case "speak":
      return { kind: "voice", fields: { MediaId: `voice-of-${act.seconds}-seconds`, Format: "amr" } };
    case "locate": {
      const place = { Location_X: act.latitude.toFixed(6), Location_Y: act.longitude.toFixed(6) };
      return { kind: "location", fields: { ...place, Scale: "16", Label: act.label } };
    }
    case "tap":
      return { kind: "event:CLICK", fields: { EventKey: act.button } };
    case "open":
      return { kind: "event:VIEW", fields: { EventKey: act.url } };
  }
}

function saidBy({ act, at }: Happening, { channels }: Shop, { reply, receivedAt }: Kept): Said[] {
  const ms = at.getTime();
  const note = (word: string, text = ""): Said => ({
    at: ms,
    from: word === "scanned" || word === "tapped" ? "puppet" : "system",
    via: null,
    content: { kind: "note", note: word, text },
  });
  const puppet = (content: Said["content"]): Said => ({ at: ms, from: "puppet", via: null, content });
  const entries: Said[] = [];
  if (act.kind === "follow") entries.push(note("followed", act.channel && channels[act.channel].scene));
  else if (act.kind === "scan") entries.push(note("scanned", channels[act.channel].scene));
  else if (act.kind === "unfollow") entries.push(note("unfollowed"));
  else if (act.kind === "tap" || act.kind === "open")
    entries.push(note("tapped", act.kind === "tap" ? "今日茶单" : "门店地址"));
  else if (act.kind === "say") entries.push(puppet({ kind: "text", text: act.text }));
  else if (act.kind === "speak")
    entries.push(puppet({ kind: "media", type: "voice", mediaId: `voice-of-${act.seconds}-seconds`, title: "" }));
  else if (act.kind === "locate") {
    const { label, latitude, longitude } = act;
    entries.push(puppet({ kind: "location", label, latitude, longitude, scale: 16 }));
  }
  if (reply !== undefined) {
    entries.push({ at: receivedAt, from: "account", via: "passive", content: { kind: "text", text: reply } });
  }
  return entries;
}
