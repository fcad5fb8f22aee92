import { performance } from "node:perf_hooks";
import { unixSeconds } from "../clock.ts";
import { isEncodingAesKey, sign } from "../wechat/crypto.ts";
import { exchange } from "../wechat/deliver.ts";
import { templateRules } from "../wechat/limits.ts";
import { addQuery } from "../wechat/push.ts";
import type { NewAccount, NewPushConfig, NewTemplate } from "./inputs.ts";
import type { Account, PushConfig, Template } from "./model.ts";
import type { State } from "./state.ts";
import { Trouble } from "./trouble.ts";

/** Opens an official account; ids and secret are made up where they aren't given. */
export function createAccount(state: State, input: NewAccount): Account {
  const number = state.count("account");
  const account: Account = {
    appid: input.appid ?? `wx${state.random.hex(16)}`,
    secret: input.secret ?? state.random.hex(32),
    originalId: input.originalId ?? `gh_${state.random.hex(12)}`,
    name: input.name ?? `公众号 ${number}`,
    openPlatform: input.openPlatform ?? null,
    push: null,
    templates: [],
    kind: input.kind ?? "service",
    isVerified: input.isVerified ?? true,
    ipWhitelist: input.ipWhitelist ?? null,
    oauthDomains: input.oauthDomains ?? null,
    tickets: {},
    menu: null,
    menuId: null,
    conditionalMenus: [],
    tags: [],
    massSends: [],
    massSpeed: 0,
    publishings: [],
    cards: input.cards ?? [],
    staff: [],
    staffSessions: [],
    staffWaiting: [],
    dailyLimits: input.dailyLimits ?? {},
    unauthorizedPaths: input.unauthorizedPaths ?? [],
  };
  if (state.accounts.has(account.appid)) throw new Trouble("taken", `The appid ${account.appid} exists already.`);
  state.accounts.set(account.appid, account);
  for (const template of input.templates ?? []) addTemplate(state, account, template);
  state.tell({ type: "world" });
  return account;
}

/** Closes an account: its bonds, codes and tokens go with it. */
export function deleteAccount(state: State, appid: string): void {
  state.account(appid).push = null;
  state.tokens.void(appid);
  state.accounts.delete(appid);
  state.forgetAccount(appid);
  state.tell({ type: "world" });
}

/** The account that `appid` names; without one, the only account there is. */
export function chooseAccount(state: State, appid: string | undefined): Account {
  if (appid !== undefined) return state.account(appid);
  const [only, second] = state.accounts.values();
  if (only === undefined || second !== undefined) {
    throw new Trouble("name_account", `There are ${state.accounts.size} accounts: say which by its appid.`);
  }
  return only;
}

export interface PushCheck {
  ok: boolean;
  url: string;
  status: number | null;
  answer: string;
  ms: number;
  problem: string | null;
}

/**
 * Sets where an account's messages are pushed, after asking the url as the admin page does: it must echo `echostr`.
 * A wrong answer leaves the old configuration (throws `push_check_failed`), unless `check` is false.
 */
export async function configurePush(state: State, appid: string, input: NewPushConfig): Promise<PushCheck | null> {
  const account = state.account(appid);
  const { config, check } = await examinePush(state, appid, input);
  account.push = config;
  state.tell({ type: "world" });
  return check;
}

/** What `configurePush` does before anything is changed; the account need not be there yet. @throws Trouble */
export async function examinePush(
  state: State,
  appid: string,
  input: NewPushConfig,
): Promise<{ config: PushConfig; check: PushCheck | null }> {
  const config: PushConfig = {
    url: input.url,
    token: input.token,
    encodingAesKey: input.encodingAesKey ?? null,
    mode: input.mode ?? "plain",
    format: input.format ?? "xml",
  };
  if (config.encodingAesKey !== null && !isEncodingAesKey(config.encodingAesKey)) {
    throw new Trouble("invalid_request", "An EncodingAESKey has 43 letters and digits.");
  }
  if (config.mode !== "plain" && config.encodingAesKey === null) {
    throw new Trouble("invalid_request", `The mode ${config.mode} needs an EncodingAESKey.`);
  }
  const check = input.check === false ? null : await checkUrl(state, appid, config);
  if (check?.ok === false) {
    throw new Trouble("push_check_failed", `The url's check failed: ${check.problem}. Nothing was changed.`);
  }
  return { config, check };
}

/** WeChat's check of a push url: GET with signature, timestamp, nonce and echostr. */
async function checkUrl(state: State, appid: string, config: PushConfig): Promise<PushCheck> {
  const timestamp = String(unixSeconds(state.clock.now()));
  const nonce = state.random.digits(9);
  const echostr = state.random.digits(19);
  const signature = sign([config.token, timestamp, nonce]);
  const url = addQuery(config.url, new URLSearchParams({ signature, echostr, timestamp, nonce }));
  const check: PushCheck = { ok: false, url, status: null, answer: "", ms: 0, problem: null };
  const startedAt = performance.now();
  try {
    const answer = await exchange(url, {
      method: "GET",
      timeoutMs: state.pushTimeoutMs,
      signal: state.stopping.signal,
    });
    check.status = answer.status;
    check.answer = answer.body;
    if (answer.status !== 200) check.problem = `HTTP status ${answer.status}`;
    // Recalled: WeChat wants the echostr and nothing else.
    else if (answer.body !== echostr) check.problem = "the answer isn't the echostr";
  } catch (error) {
    check.problem = (error as Error).message;
  }
  check.ok = check.problem === null;
  check.ms = Math.round(performance.now() - startedAt);
  state.journal.add({
    id: state.nextId("check"),
    at: state.now(),
    kind: "check",
    appid,
    what: "echostr",
    method: "GET",
    url,
    status: check.status,
    errcode: null,
    ms: check.ms,
    tries: 1,
    request: "",
    response: check.answer,
    note: check.problem ?? "ok",
  });
  return check;
}

/** Adds a message template; an id of 43 characters is made up where none is given. */
export function addTemplate(state: State, account: Account, input: NewTemplate): Template {
  const template: Template = {
    templateId: input.templateId ?? state.random.letters(43),
    title: input.title,
    content: input.content,
  };
  if (account.templates.some((other) => other.templateId === template.templateId)) {
    throw new Trouble("taken", `The account has a template ${template.templateId} already.`);
  }
  const most = state.rules.number(templateRules.templatesPerAccount);
  if (account.templates.length >= most) {
    throw new Trouble("invalid_request", `An account has at most ${most} templates.`);
  }
  account.templates.push(template);
  state.tell({ type: "world" });
  return template;
}

export function removeTemplate(state: State, appid: string, templateId: string): void {
  const account = state.account(appid);
  if (!account.templates.some((template) => template.templateId === templateId)) {
    throw new Trouble("no_such_template", `The account has no template ${templateId}.`);
  }
  account.templates = account.templates.filter((template) => template.templateId !== templateId);
  state.tell({ type: "world" });
}
