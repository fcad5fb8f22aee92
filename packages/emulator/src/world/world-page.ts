import type { z } from "zod";
import type { PuppetsWanted } from "./inputs.ts";
import type { Account, Bond, ChatEntry, MenuButton, Puppet, QrCode } from "./model.ts";
import { menuFor } from "./menus.ts";
import type { State } from "./state.ts";

/** The newest so many: /emulator/qrcodes has all. */
const mostCodes = 100;

export type BondSummary = Omit<Bond, "chat"> & { messages: number; last: ChatEntry | null; menu: MenuButton[] };

/** What the phone shows of the world at once. */
export interface WorldPage {
  seed: number;
  clock: { offsetMs: number; now: string };
  smtpUrl: string;
  smsUrl: string;
  accounts: Account[];
  /** By appid. */
  followers: Record<string, number>;
  puppets: Puppet[];
  /** `after` of the next page of puppets; null: there is none. */
  next: string | null;
  /** What these puppets have with the accounts they met. */
  bonds: BondSummary[];
  qrCodes: QrCode[];
  /** How many there are in all; `found`: of the puppets, those that were looked for. */
  totals: { puppets: number; found: number; bonds: number; qrCodes: number };
}

/** A page of puppets with all that is theirs; `kept` is on it in any case. */
export function pageOf(state: State, wanted: z.output<typeof PuppetsWanted>, kept: string | undefined): WorldPage {
  const { puppets, next, total } = state.puppets.page(wanted);
  const holder = kept === undefined ? undefined : state.puppets.get(kept);
  if (holder !== undefined && !puppets.some(({ row }) => row === holder.row)) puppets.push(holder);
  const bonds = puppets.flatMap(({ row }) => [...state.bonds.ofPuppet(row)]);
  const codes = [...state.qrCodes.values()];
  const accounts = [...state.accounts.values()];
  return {
    seed: state.seed,
    clock: { offsetMs: state.clock.offsetMs, now: state.clock.now().toISOString() },
    smtpUrl: state.smtpUrl(),
    smsUrl: `${state.url()}/sms/messages`,
    accounts,
    followers: Object.fromEntries(accounts.map((account) => [account.appid, state.bonds.of(account).followersCount()])),
    puppets: puppets.map((puppet) => puppet.toJSON()),
    next,
    bonds: bonds.map((stored) => {
      const { chat, ...bond } = stored.toJSON();
      return {
        ...bond,
        messages: chat.length,
        last: chat.at(-1) ?? null,
        menu: menuFor(state, state.account(bond.appid), bond)?.button ?? [],
      };
    }),
    qrCodes: codes.slice(-mostCodes),
    totals: { puppets: state.puppets.size, found: total, bonds: state.bonds.size, qrCodes: codes.length },
  };
}
