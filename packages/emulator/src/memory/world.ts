import type { StoredBond } from "../world/bond-book.ts";
import type { Puppet } from "../world/model.ts";
import type { State } from "../world/state.ts";
import {
  type SavedHead,
  type SavedItem,
  type SavedListName,
  savedListNames,
  savedVersion,
  type SavedWorld,
} from "./shape.ts";

/** The journal is the largest part and the least missed: its newest entries are enough to go on reading. */
export const savedJournalEntries = 300;

/** What there is one of in `state`, at this moment. */
export function headOf(state: State): SavedHead {
  return {
    version: savedVersion,
    seed: state.seed,
    drawn: state.random.drawn,
    clockOffsetMs: state.clock.offsetMs,
    tokens: state.tokens.save(),
    miniCodes: state.miniCodes.save(),
    oauth: state.oauth.save(),
    rules: state.rules.changes(),
    carriers: state.carriers.save(),
  };
}

const readers: { [Name in SavedListName]: (state: State) => Iterable<unknown> } = {
  counters: (state) => state.counters,
  accounts: (state) => state.accounts.values(),
  puppets: (state) => each(state.puppets.values(), puppetOf),
  bonds: (state) => each(state.bonds.values(), bondOf),
  qrCodes: (state) => state.qrCodes.values(),
  sentTemplates: (state) => each(state.sentTemplates, ([key, sent]) => ({ key, ...sent })),
  pictures: (state) => each(state.pictures.values(), withText),
  media: (state) => each(state.media.all(), withText),
  staffRecords: (state) => state.staffRecords,
  mails: (state) => state.mails,
  texts: (state) => state.texts,
  faults: (state) => state.faults.list(),
  journal: (state) => state.journal.list({ limit: savedJournalEntries }),
};

/** The items of one list, one after the other: a large world is never there twice. */
export function itemsOf(state: State, name: SavedListName): Iterable<unknown> {
  return readers[name](state);
}

function* each<From, To>(items: Iterable<From>, make: (item: From) => To): Generator<To> {
  for (const item of items) yield make(item);
}

function withText<Item extends { bytes: Buffer }>({ bytes, ...item }: Item): Omit<Item, "bytes"> & { base64: string } {
  return { ...item, base64: bytes.toString("base64") };
}

/** Without what the shape gives everybody who has nothing else: most of a large world. */
function puppetOf({ id, name, phone, templateDelivery, platform, isRisky }: Puppet): object {
  return {
    id,
    name,
    phone,
    ...(templateDelivery === "success" ? {} : { templateDelivery }),
    ...(platform === "ios" ? {} : { platform }),
    ...(isRisky ? { isRisky } : {}),
  };
}

function bondOf(bond: StoredBond): object {
  const { appid, puppetId, openid, unionid: _, ...rest } = bond.toJSON();
  const { credit, massMonth, ...plain } = rest;
  const has = (value: unknown): boolean =>
    typeof value === "object" && value !== null ? Object.keys(value).length > 0 : Boolean(value);
  return {
    appid,
    puppetId,
    openid,
    ...Object.fromEntries(Object.entries(plain).filter(([, value]) => has(value))),
    ...(credit.until === 0 && credit.left === 0 ? {} : { credit }),
    ...(massMonth.month === "" ? {} : { massMonth }),
  };
}

/** Everything `state` knows, at this moment. Pushes under way aren't part of it: WeChat's own end with its process too. */
export function saveWorld(state: State): SavedWorld {
  const lists = savedListNames.map((name) => [name, [...itemsOf(state, name)]] as const);
  return { ...headOf(state), ...Object.fromEntries(lists) } as SavedWorld;
}

type Writers = { [Name in SavedListName]: (state: State, item: SavedItem<Name>) => void };

const writers: Writers = {
  counters: (state, [kind, count]) => void state.counters.set(kind, count),
  accounts(state, account) {
    // What was on its way when the process ended reached nobody.
    for (const sent of account.massSends) if (sent.status === "SENDING") sent.status = "SEND_FAIL";
    state.accounts.set(account.appid, account);
  },
  puppets(state, puppet) {
    if (state.puppets.has(puppet.id)) throw new Error(`the puppet ${puppet.id} is there twice`);
    state.puppets.add(puppet);
  },
  bonds(state, { appid, puppetId, openid, ...bond }) {
    const account = state.accounts.get(appid);
    const puppet = state.puppets.get(puppetId);
    if (account === undefined || puppet === undefined || state.bonds.of(account).ofPuppet(puppet.row) !== undefined)
      throw new Error(`the bond ${openid} has no such account or puppet, or is there twice`);
    if (state.isOpenid(openid)) throw new Error(`the openid ${openid} is there twice`);
    Object.assign(state.bonds.of(account).add(puppet.row, openid), bond);
  },
  qrCodes: (state, code) => state.addQrCode(code),
  sentTemplates: (state, { key, ...sent }) => void state.sentTemplates.set(key, sent),
  pictures: (state, { base64, ...picture }) =>
    void state.pictures.set(picture.id, { ...picture, bytes: Buffer.from(base64, "base64") }),
  media: (state, { base64, ...item }) => state.media.put({ ...item, bytes: Buffer.from(base64, "base64") }),
  staffRecords: (state, record) => void state.staffRecords.push(record),
  mails: (state, mail) => void state.mails.push(mail),
  texts: (state, text) => void state.texts.push(text),
  faults: (state, fault) => state.faults.add(fault),
  journal: (state, entry) => state.journal.restore(entry),
};

/** Puts a saved world into the place of the one there is; throws, and leaves that, where it makes no sense. */
export function restoreWorld(state: State, saved: SavedWorld): void {
  const items = function* (): Generator<ListItem> {
    for (const name of savedListNames) for (const item of saved[name]) yield { name, item } as ListItem;
  };
  restoreFrom(state, saved, items());
}

/** An item of a list, and which. */
export type ListItem = { [Name in SavedListName]: { name: Name; item: SavedItem<Name> } }[SavedListName];

/** As `restoreWorld`, item by item. */
export function restoreFrom(state: State, head: SavedHead, items: Iterable<ListItem>): void {
  state.replaceWith(() => {
    state.seed = head.seed;
    state.renewRandom();
    state.clock.offsetMs = head.clockOffsetMs;
    state.random.drawn = head.drawn;
    state.rules.reset(head.rules);
    state.carriers.restore(head.carriers);
    for (const { name, item } of items) (writers[name] as (state: State, item: unknown) => void)(state, item);
    state.tokens.restore(head.tokens);
    state.miniCodes.restore(head.miniCodes);
    state.oauth.restore(head.oauth);
  });
}
