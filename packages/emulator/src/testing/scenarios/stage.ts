import { type Emulator, startEmulator } from "../../emulator.ts";
import { type DeveloperServer, startDeveloper } from "../developer.ts";
import type { NewAccount } from "../../world/inputs.ts";
import type { Account, Puppet } from "../../world/model.ts";
import type { Limit } from "../../wechat/rules.ts";

export type Json = Record<string, unknown>;

/** One small world with a developer's server, and how a developer calls it. */
export interface Stage {
  emulator: Emulator;
  developer: DeveloperServer;
  account: Account;
  puppet: Puppet;
  api(path: string, body?: unknown, query?: Record<string, string>): Promise<Json>;
  errcodeOf(path: string, body?: unknown, query?: Record<string, string>): Promise<unknown>;
  upload(path: string, parts: Record<string, Buffer | string>, query?: Record<string, string>): Promise<Json>;
  bytes(path: string, body?: unknown, query?: Record<string, string>): Promise<{ type: string; bytes: Buffer }>;
  /** Followers of the account, made at once; nothing is pushed for them. */
  followers(count: number): Promise<string[]>;
  openid(puppetId?: string): string;
  /** The messages that came to the developer's server, of one event or type. */
  pushed(what: string): Promise<string[]>;
}

/** What all scenarios of a run have reached: calls that were answered, and sides of limits. */
export class Coverage {
  readonly paths = new Set<string>();
  readonly sides = new Map<string, Set<string>>();
  readonly undeclared = new Set<string>();

  witness = ({ id }: Limit, side: string): void => {
    const sides = this.sides.get(id) ?? new Set();
    this.sides.set(id, sides.add(side));
  };
}

const ready = { templateId: "ready", title: "取茶提醒", content: "单号：{{order.DATA}}" };

export async function setStage(coverage: Coverage, kind: NewAccount = {}): Promise<Stage & { close(): Promise<void> }> {
  const emulator = await startEmulator({ seed: 7, pushTimeoutMs: 2000 });
  const developer = await startDeveloper();
  const { world } = emulator;
  world.state.rules.witness = coverage.witness;
  const account = world.createAccount({
    name: "Lantern Tea",
    templates: kind.kind === "miniprogram" ? [] : [ready],
    ...kind,
  });
  await world.configurePush(account.appid, { url: developer.url, token: "lantern" });
  const puppet = world.createPuppet({ name: "小茶" });
  const caller = new Caller(emulator, account, coverage);
  return {
    emulator,
    developer,
    account,
    puppet,
    api: caller.json,
    errcodeOf: async (...given) => (await caller.json(...given))["errcode"] ?? 0,
    upload: caller.upload,
    bytes: caller.bytes,
    async followers(count) {
      const bonds = Array.from({ length: count }, (_, number) => ({
        puppet: { id: `fan-${number}`, name: "茶客" },
        following: true,
        followedAt: 1_790_000_000_000 + number,
      }));
      return world.remember(account.appid, { bonds }).map(({ openid }) => openid);
    },
    openid: (puppetId = puppet.id) => world.chat(puppetId, account.appid).openid,
    async pushed(what) {
      await world.settle();
      return developer.pushes.map(({ body }) => body).filter((body) => body.includes(`<![CDATA[${what}]]>`));
    },
    async close() {
      for (const each of world.state.undeclared) coverage.undeclared.add(each);
      await emulator.stop();
      await developer.stop();
    },
  };
}

class Caller {
  private readonly emulator: Emulator;
  private readonly account: Account;
  private readonly coverage: Coverage;

  constructor(emulator: Emulator, account: Account, coverage: Coverage) {
    this.emulator = emulator;
    this.account = account;
    this.coverage = coverage;
  }

  json = async (path: string, body?: unknown, query: Record<string, string> = {}): Promise<Json> => {
    const text = body === undefined ? undefined : typeof body === "string" ? body : JSON.stringify(body);
    const response = await this.send(path, query, text === undefined ? {} : { method: "POST", body: text });
    return this.note(path, (await response.json()) as Json);
  };

  bytes = async (path: string, body?: unknown, query: Record<string, string> = {}) => {
    const response = await this.send(
      path,
      query,
      body === undefined ? {} : { method: "POST", body: JSON.stringify(body) },
    );
    this.note(path, {});
    return { type: response.headers.get("content-type") ?? "", bytes: Buffer.from(await response.arrayBuffer()) };
  };

  upload = async (path: string, parts: Record<string, Buffer | string>, query: Record<string, string> = {}) => {
    const form = new FormData();
    for (const [name, part] of Object.entries(parts)) {
      if (typeof part === "string") form.set(name, part);
      else form.set(name, new Blob([new Uint8Array(part)]), `${name}.bin`);
    }
    const response = await this.send(path, query, { method: "POST", body: form });
    return this.note(path, (await response.json()) as Json);
  };

  private note(path: string, answer: Json): Json {
    if ((answer["errcode"] ?? 0) === 0) this.coverage.paths.add(path);
    return answer;
  }

  private async send(path: string, query: Record<string, string>, init: RequestInit): Promise<Response> {
    const token = await this.token();
    const all = new URLSearchParams({ access_token: token, ...query });
    return fetch(`${this.emulator.url}${path}?${all}`, init);
  }

  private async token(): Promise<string> {
    const { appid, secret } = this.account;
    const body = JSON.stringify({ grant_type: "client_credential", appid, secret });
    const response = await fetch(`${this.emulator.url}/cgi-bin/stable_token`, { method: "POST", body });
    return String(((await response.json()) as Json)["access_token"]);
  }
}

/** Files of each kind, as small as they may be, or filled up to a size. */
export const files = {
  png: (size = 64): Buffer => filled("89504e470d0a1a0a", size),
  jpeg: (size = 64): Buffer => filled("ffd8ffe0", size),
  amr: (size = 64): Buffer => filled("2321414d520a", size),
  mp4: (size = 64): Buffer => filled("0000001866747970", size),
} as const;

function filled(head: string, size: number): Buffer {
  const bytes = Buffer.alloc(Math.max(size, head.length / 2));
  bytes.write(head, "hex");
  return bytes;
}
