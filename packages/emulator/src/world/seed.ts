import type { z } from "zod";
import { templateRules } from "../wechat/limits.ts";
import { createAccount, examinePush } from "./accounts.ts";
import type { SeedInput } from "./inputs.ts";
import type { Account, Puppet, PushConfig } from "./model.ts";
import { createPuppet } from "./people.ts";
import type { State } from "./state.ts";
import { Trouble } from "./trouble.ts";

type Seed = z.output<typeof SeedInput>;

/**
 * Makes all of a seed or nothing of it: what can't be is found before anything is made, with the entry that is wrong.
 *
 * @throws Trouble
 */
export async function sow(state: State, seed: Seed): Promise<{ accounts: Account[]; puppets: Puppet[] }> {
  const given = named(state, seed);
  check(state, given);
  const configs = new Map<string, PushConfig>();
  for (const [index, { push, appid = "" }] of given.accounts.entries()) {
    if (push === undefined) continue;
    const { config } = await of(`accounts[${index}].push`, () => examinePush(state, appid, push));
    configs.set(appid, config);
  }
  // While urls were asked somebody else may have taken a name.
  check(state, given);
  const accounts = given.accounts.map(({ push, ...account }) => {
    const created = createAccount(state, account);
    if (push !== undefined) created.push = configs.get(created.appid) ?? null;
    return created;
  });
  const puppets = given.puppets.map(({ follows = [], ...puppet }) => {
    const created = createPuppet(state, puppet);
    for (const appid of follows) {
      const bond = state.bond(state.account(appid), created);
      bond.following = true;
      bond.followedAt = state.now();
      bond.subscribeScene = "ADD_SCENE_SEARCH";
    }
    return created.toJSON();
  });
  state.tell({ type: "world" });
  return { accounts, puppets };
}

/** An account with a push url needs its appid before it is there: the check stands in the journal under it. */
function named(state: State, { accounts, puppets }: Seed): Seed {
  return {
    accounts: accounts.map((account) => ({ ...account, appid: account.appid ?? `wx${state.random.hex(16)}` })),
    puppets,
  };
}

function check(state: State, { accounts, puppets }: Seed): void {
  const appids = new Set(state.accounts.keys());
  for (const [index, { appid = "", templates = [] }] of accounts.entries()) {
    const entry = `accounts[${index}]`;
    if (appids.has(appid)) throw refusal("taken", entry, `the appid ${appid} exists already`);
    appids.add(appid);
    const ids = templates.flatMap(({ templateId }) => templateId ?? []);
    const twice = ids.find((id, place) => ids.indexOf(id) !== place);
    if (twice !== undefined) throw refusal("taken", `${entry}.templates`, `the template ${twice} is there twice`);
    const most = state.rules.number(templateRules.templatesPerAccount);
    if (templates.length > most)
      throw refusal("invalid_request", `${entry}.templates`, `an account has at most ${most} templates`);
  }
  const ids = new Set<string>();
  for (const [index, { id, follows = [] }] of puppets.entries()) {
    const entry = `puppets[${index}]`;
    if (id !== undefined && (ids.has(id) || state.puppets.has(id)))
      throw refusal("taken", entry, `the puppet ${id} exists already`);
    if (id !== undefined) ids.add(id);
    const unknown = follows.find((appid) => !appids.has(appid));
    if (unknown !== undefined)
      throw refusal("no_such_account", `${entry}.follows`, `no account has the appid ${unknown}`);
  }
  checkMadeUpIds(state, puppets, ids);
}

/** Ids that the emulator makes up are counted: somebody may have been given one by hand. */
function checkMadeUpIds(state: State, puppets: Seed["puppets"], ids: ReadonlySet<string>): void {
  const counted = state.counters.get("puppet") ?? 0;
  for (const [index, { id }] of puppets.entries()) {
    const madeUp = `puppet-${counted + index + 1}`;
    if (id === undefined && (ids.has(madeUp) || state.puppets.has(madeUp)))
      throw refusal("taken", `puppets[${index}]`, `without an id it would be ${madeUp}, which exists already`);
  }
}

function refusal(code: Trouble["code"], entry: string, reason: string): Trouble {
  return new Trouble(code, `${entry}: ${reason}. Nothing was made.`);
}

async function of<T>(entry: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof Trouble)) throw error;
    throw new Trouble(error.code, `${entry}: ${error.message} Nothing was made.`);
  }
}
