import { Injectable } from "@nestjs/common";
import type { LocalizedText } from "@zhanggui/kit/contract/text";
import { newId } from "@zhanggui/kit/contract/ids";
import type { TxCtx } from "@zhanggui/kit/server/ctx";
import type { EventMeta } from "@zhanggui/kit/server/events";
import { SettingsService } from "../../../foundation/settings/settings.service.ts";
import { AudienceService, type Contact } from "../../audience/audience.service.ts";
import { Timeline } from "../../audience/timeline.ts";
import { Apps } from "../../connect/apps.ts";
import { type ChannelOwner, Channels } from "../../connect/channels.ts";
import { Deliveries } from "../deliveries.ts";
import type { SceneItem } from "../scene.contract.ts";
import { Scenes, type SceneVersion } from "../scenes.ts";
import { unnamedCustomer } from "../messaging.settings.ts";
import { fillIn, reasonOf, type TemplateScope } from "./templates.ts";
import { explain, type Reason } from "./reasons.ts";

/** What an event must tell to start a scene. */
export interface SceneStart {
  readonly personId: string;
  readonly wechatAppId: string;
  readonly openid: string;
  readonly channelId: string | null;
}

interface Surroundings {
  readonly start: SceneStart;
  readonly person: Contact;
  readonly following: boolean;
  readonly appIsOn: boolean;
  readonly channel: ChannelOwner | undefined;
  /** For messages to colleagues. */
  readonly scope: TemplateScope;
  /** For messages to the person: it is called by its name, or by the word for who has none. */
  readonly ownScope: TemplateScope;
}

/** Whether, to where and what: decided once, when the scene starts. */
interface Decision {
  readonly address: string;
  readonly content: Readonly<Record<string, unknown>>;
  readonly state: "ready" | "suppressed" | "failed";
  readonly because: LocalizedText;
}

/** Turns an event into deliveries: one row per item, each with the decision about it. Nothing is sent here. */
@Injectable()
export class SceneRunner {
  constructor(
    private readonly scenes: Scenes,
    private readonly deliveries: Deliveries,
    private readonly audience: AudienceService,
    private readonly timeline: Timeline,
    private readonly apps: Apps,
    private readonly channels: Channels,
    private readonly settings: SettingsService,
  ) {}

  /** Runs in the transaction of the event's delivery: all rows or none, and once. */
  async start(ctx: TxCtx, start: SceneStart, event: EventMeta): Promise<void> {
    const scenes = await this.scenes.startedBy(ctx, event.name, start.channelId);
    if (scenes.length === 0) return;
    const around = await this.#surroundings(ctx, start);
    for (const scene of scenes) {
      for (const [index, item] of scene.items.entries()) await this.#deliver(ctx, scene, index, item, around, event);
    }
  }

  async #surroundings(ctx: TxCtx, start: SceneStart): Promise<Surroundings> {
    const person = await this.audience.contact(ctx, start.personId);
    const channel = start.channelId === null ? undefined : await this.channels.find(ctx, start.channelId);
    const app = await this.apps.row(ctx, start.wechatAppId);
    const scope = {
      person: { displayName: person.displayName },
      channel: { name: channel?.name ?? "", leaderName: channel?.leaderName ?? "" },
      app: { name: app.name },
    };
    const word = person.isNamed ? person.displayName : await this.settings.get(ctx, unnamedCustomer);
    return {
      start,
      person,
      appIsOn: !app.disabled,
      following: await this.audience.follows(ctx, start),
      channel,
      scope,
      ownScope: { ...scope, person: { displayName: word } },
    };
  }

  async #deliver(
    ctx: TxCtx,
    scene: SceneVersion,
    index: number,
    item: SceneItem,
    around: Surroundings,
    event: EventMeta,
  ): Promise<void> {
    const { address, content, state, because } = await decide(item, around);
    const now = ctx.now();
    const id = newId(now);
    const leaderName = item.channel === "mail" && item.to === "leader" ? (around.channel?.leaderName ?? null) : null;
    const created = await this.deliveries.create(ctx, {
      id,
      sceneId: scene.id,
      sceneVersion: scene.version,
      item: index,
      eventId: event.eventId,
      sceneName: scene.name,
      channel: item.channel,
      wechatAppId: around.start.wechatAppId,
      personId: around.person.personId,
      personName: around.person.displayName,
      to: address,
      leaderName,
      content,
      state,
      zh: because.zh,
      en: because.en,
      traceId: ctx.traceId,
      updatedAt: now,
    });
    if (!created) return;
    const asked = explain(startedBy[scene.trigger], { scene: scene.name, version: scene.version });
    await this.deliveries.step(ctx, id, "asked", asked, { eventId: event.eventId, sceneId: scene.id });
    await this.deliveries.step(ctx, id, "decided", because, { state, to: address });
    if (state === "ready") await ctx.queueTask("messaging.outbox", id);
    const told = {
      deliveryId: id,
      scene: scene.name,
      channel: item.channel,
      leader: leaderName ?? undefined,
      state,
      ...because,
    };
    await this.timeline.note(ctx, around.person.personId, "delivery", told);
  }
}

/** What an operator calls each trigger. */
const startedBy = {
  "audience.channel_entered.v1": "channelEntered",
  "audience.person_followed.v1": "personFollowed",
} as const satisfies Record<SceneVersion["trigger"], Reason>;

async function decide(item: SceneItem, around: Surroundings): Promise<Decision> {
  const { channel, person, start } = around;
  const isToLeader = item.channel === "mail" && item.to === "leader";
  const address = item.channel === "wechat_template" ? start.openid : isToLeader ? channel?.leaderMail : person.mail;
  try {
    const content = await contentOf(item, isToLeader ? around.scope : around.ownScope);
    if (item.channel === "wechat_template" && !around.following) {
      return { address: start.openid, content, state: "suppressed", because: explain("notFollowing") };
    }
    if (item.channel === "wechat_template" && !around.appIsOn) {
      return { address: start.openid, content, state: "suppressed", because: explain("appOff") };
    }
    if (address === undefined || address === null) {
      const because = explain(isToLeader ? "noLeader" : "noMailAddress");
      return { address: "", content, state: "suppressed", because };
    }
    return { address, content, state: "ready", because: explain("willSend", { to: address }) };
  } catch (error) {
    return {
      address: address ?? "",
      content: {},
      state: "failed",
      because: explain("badTemplate", { reason: reasonOf(error) }),
    };
  }
}

async function contentOf(item: SceneItem, scope: TemplateScope): Promise<Record<string, unknown>> {
  if (item.channel === "mail") {
    return { subject: await fillIn(item.subject, scope), text: await fillIn(item.text, scope) };
  }
  const data = await Promise.all(
    Object.entries(item.data).map(async ([name, sentence]) => [name, await fillIn(sentence, scope)] as const),
  );
  return {
    templateId: item.templateId,
    data: Object.fromEntries(data),
    ...(item.url === undefined ? {} : { url: item.url }),
  };
}
