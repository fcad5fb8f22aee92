import type { State } from "../world/state.ts";
import { savedVersion, type SavedWorld } from "./shape.ts";

/** The journal is the largest part and the least missed: its newest entries are enough to go on reading. */
export const savedJournalEntries = 300;

/** Everything `state` knows, at this moment. Pushes under way aren't part of it: WeChat's own end with its process too. */
export function saveWorld(state: State): SavedWorld {
  return {
    version: savedVersion,
    seed: state.seed,
    drawn: state.random.drawn,
    clockOffsetMs: state.clock.offsetMs,
    counters: [...state.counters],
    accounts: [...state.accounts.values()],
    puppets: [...state.puppets.values()],
    bonds: [...state.bonds.values()],
    qrCodes: [...state.qrCodes.values()],
    tokens: state.tokens.save(),
    sentTemplates: [...state.sentTemplates].map(([key, sent]) => ({ key, ...sent })),
    pictures: [...state.pictures.values()].map(({ bytes, ...picture }) => ({
      ...picture,
      base64: bytes.toString("base64"),
    })),
    media: state.media.all().map(({ bytes, ...item }) => ({ ...item, base64: bytes.toString("base64") })),
    miniCodes: state.miniCodes.save(),
    oauth: state.oauth.save(),
    rules: state.rules.changes(),
    mails: state.mails,
    texts: state.texts,
    carriers: state.carriers.save(),
    faults: state.faults.list(),
    journal: state.journal.list({ limit: savedJournalEntries }),
  };
}

/** Puts a saved world into a state that was just made with the same seed. */
export function restoreWorld(state: State, saved: SavedWorld): void {
  state.random.drawn = saved.drawn;
  for (const [kind, count] of saved.counters) state.counters.set(kind, count);
  for (const account of saved.accounts) {
    // What was on its way when the process ended reached nobody.
    for (const sent of account.massSends) if (sent.status === "SENDING") sent.status = "SEND_FAIL";
    state.accounts.set(account.appid, account);
  }
  for (const puppet of saved.puppets) state.puppets.set(puppet.id, puppet);
  for (const bond of saved.bonds) state.addBond(bond);
  for (const code of saved.qrCodes) state.addQrCode(code);
  state.tokens.restore(saved.tokens);
  for (const { key, ...sent } of saved.sentTemplates) state.sentTemplates.set(key, sent);
  for (const { base64, ...picture } of saved.pictures) {
    state.pictures.set(picture.id, { ...picture, bytes: Buffer.from(base64, "base64") });
  }
  for (const { base64, ...item } of saved.media) state.media.put({ ...item, bytes: Buffer.from(base64, "base64") });
  state.miniCodes.restore(saved.miniCodes);
  state.oauth.restore(saved.oauth);
  state.rules.reset(saved.rules);
  state.mails.push(...saved.mails);
  state.texts.push(...saved.texts);
  state.carriers.restore(saved.carriers);
  for (const fault of saved.faults) state.faults.add(fault);
  state.journal.restore(saved.journal);
}
