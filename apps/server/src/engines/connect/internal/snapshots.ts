import { Injectable } from "@nestjs/common";
import { configurationVersion } from "@zhanggui/kit/server/configuration";
import type { Actor, Ctx } from "@zhanggui/kit/server/ctx";
import { Extensions } from "@zhanggui/kit/server/extensions";
import { LruMap } from "@zhanggui/kit/server/lru";
import { Runtime } from "@zhanggui/kit/server/runtime";
import type { PushKeys } from "@zhanggui/wechat/push";
import { SettingsService } from "../../../foundation/settings/settings.service.ts";
import { Apps, type AppRow } from "../apps.ts";
import { pushRefused } from "../connect.contract.ts";
import { pushToleranceSeconds, replyTimeoutMs } from "../connect.settings.ts";
import { type Answering, responder } from "../responders.ts";

/** What a push is verified with and answered from, as it stood at one version of the tenant's configuration. */
export interface Snapshot {
  readonly version: number;
  /** When its reading began, in milliseconds of the process (a monotonic clock). */
  readonly readAtMs: number;
  readonly tenantId: string;
  readonly app: AppRow;
  readonly actor: Actor;
  readonly keys: PushKeys;
  /** Settings are read hot: they change without the snapshot, the platform's for all tenants at once. */
  readonly toleranceSeconds: () => Promise<number>;
  readonly replyTimeoutMs: () => Promise<number>;
  readonly responders: readonly NamedResponder[];
  /** The channel whose code has this scene; asked once, as there may be many channels. */
  channelOf(scene: string): Promise<string | null>;
}
interface NamedResponder {
  readonly name: string;
  readonly answer: Answering;
}

/** As many apps, and as many scenes of one, are kept; what was used least recently goes first. */
const appsKept = 1_000;
const scenesKept = 10_000;

/** Snapshots of the apps that WeChat pushes to. */
@Injectable()
export class Snapshots {
  readonly #kept = new LruMap<string, Promise<Snapshot>>(appsKept);

  constructor(
    private readonly runtime: Runtime,
    private readonly apps: Apps,
    private readonly settings: SettingsService,
    private readonly extensions: Extensions,
  ) {}

  /** @throws Fault `connect.push_refused` for an app that isn't there */
  of(visitor: Ctx, wechatAppId: string): Promise<Snapshot> {
    const kept = this.#kept.get(wechatAppId);
    if (kept !== undefined) return kept;
    const loading = this.#load(visitor, wechatAppId);
    this.#kept.set(wechatAppId, loading);
    loading.catch(() => this.#kept.deleteIf(wechatAppId, loading));
    return loading;
  }

  /** The one that holds now; the same if nothing has changed since it was read. */
  async renewed(visitor: Ctx, snapshot: Snapshot): Promise<Snapshot> {
    const version = await configurationVersion(this.runtime.ctx(snapshot.tenantId, { traceId: visitor.traceId }));
    if (version === snapshot.version) return snapshot;
    const kept = this.#kept.get(snapshot.app.id);
    if ((await kept) === snapshot) this.#kept.deleteIf(snapshot.app.id, kept);
    return this.of(visitor, snapshot.app.id);
  }

  async #load(visitor: Ctx, wechatAppId: string): Promise<Snapshot> {
    const readAtMs = performance.now();
    const found = await this.runtime
      .unscopedDb()
      .selectFrom("connect_app")
      .select("tenantId")
      .where("id", "=", wechatAppId)
      .executeTakeFirst();
    if (found === undefined) {
      visitor.log.warn({ wechatAppId }, "a push to an app that is not bound");
      throw pushRefused();
    }
    const ctx = this.runtime.ctx(found.tenantId, { traceId: visitor.traceId });
    // The version first: what changes while the rest is read makes this snapshot old, not wrong.
    const version = await configurationVersion(ctx);
    const app = await this.apps.row(ctx, wechatAppId);
    const where = { appId: wechatAppId };
    const responders = this.extensions
      .of(responder)
      .map(async ({ name, value: read }) => ({ name, answer: await read(ctx) }));
    return {
      version,
      readAtMs,
      tenantId: app.tenantId,
      app,
      actor: { kind: "wechat", id: app.appId, name: app.name, permissions: new Set<string>() },
      keys: this.apps.pushKeys(app),
      toleranceSeconds: () => this.settings.get(ctx, pushToleranceSeconds, where),
      replyTimeoutMs: () => this.settings.get(ctx, replyTimeoutMs, where),
      responders: await Promise.all(responders),
      channelOf: sceneReader(ctx, wechatAppId),
    };
  }
}

function sceneReader(ctx: Ctx, wechatAppId: string): (scene: string) => Promise<string | null> {
  const kept = new LruMap<string, Promise<string | null>>(scenesKept);
  const read = async (scene: string): Promise<string | null> => {
    const channel = await ctx.db
      .selectFrom("connect_channel")
      .select("id")
      .where("wechatAppId", "=", wechatAppId)
      .where("scene", "=", scene)
      // The code of one that is off may hang on a wall for years.
      .where("enabled", "=", true)
      .executeTakeFirst();
    return channel?.id ?? null;
  };
  return (scene) => {
    const known = kept.get(scene);
    if (known !== undefined) return known;
    const reading = read(scene);
    kept.set(scene, reading);
    reading.catch(() => kept.deleteIf(scene, reading));
    return reading;
  };
}
