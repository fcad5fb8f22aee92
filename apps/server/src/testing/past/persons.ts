import {
  channelEntered,
  customerHeard,
  peopleMerged,
  personFollowed,
  personUnfollowed,
} from "../../engines/audience/audience.events.ts";
import { fetchProfile } from "../../engines/audience/internal/jobs.ts";
import { placeholderName } from "../../engines/audience/internal/placeholder.ts";
import { originOf } from "../../engines/connect/kinds.ts";
import type { Kept } from "./inbound.ts";
import type { Doing, Ledger } from "./ledger.ts";
import { said } from "./outages.ts";
import type { Row } from "./rows.ts";
import type { AccountKey } from "./story.ts";

interface IdentityState {
  readonly row: Row;
  following: { is: boolean; since: Date; by: string } | null;
}
export interface Person {
  readonly id: string;
  readonly createdAt: Date;
  displayName: string;
  firstSeenAt: Date;
  lastSeenAt: Date;
  first: { readonly channelId: string; readonly at: Date; readonly by: string } | undefined;
  mergedInto: Person | undefined;
  readonly identities: Map<string, IdentityState>;
  readonly tags: Map<string, Row>;
  readonly timeline: Row[];
  readonly deliveries: Record<string, unknown>[];
}
export interface Openid {
  readonly account: AccountKey;
  readonly openid: string;
  readonly unionid: string | null;
}
/** What audience told that may start a scene. */
export interface Started {
  readonly event: "audience.person_followed.v1" | "audience.channel_entered.v1";
  readonly eventId: string;
  readonly at: number;
}

const linkPerson = "audience.link_person";
/** The tries of a job that fails: its pauses double from two seconds. */
const jobTries = fetchProfile.retryLimit + 1;
const jobTriesMs = 2000 * (2 ** fetchProfile.retryLimit - 1);

/** The people, as audience makes and keeps them. */
export class Persons {
  readonly #ledger: Ledger;
  readonly #byOpenid = new Map<string, Person>();
  readonly #byUnionid = new Map<string, Person>();
  readonly #all: Person[] = [];
  readonly #tags = new Map<string, { readonly id: string; readonly createdAt: Date }>();

  constructor(ledger: Ledger) {
    this.#ledger = ledger;
  }

  of({ account, openid }: Openid): Person {
    const person = this.#byOpenid.get(`${account} ${openid}`);
    if (person === undefined) throw new Error(`nobody has the openid ${openid}`);
    return person;
  }

  follows(who: Openid): boolean {
    return this.of(who).identities.get(who.openid)?.following?.is === true;
  }

  /** What a message tells of its sender. */
  receive(who: Openid, kind: string, message: Kept): Started[] {
    const { chance, shop } = this.#ledger;
    const at = message.receivedAt + chance.between(8, 60);
    const doing: Doing = { actor: { kind: "system", id: linkPerson }, trace: message.trace, at };
    const known = this.#byOpenid.get(`${who.account} ${who.openid}`);
    const person = known ?? this.#make(who, message.sentAt, at);
    if (message.sentAt > person.lastSeenAt) person.lastSeenAt = message.sentAt;
    const started: Started[] = [];
    const touch = { wechatAppId: shop.accounts[who.account].id, openid: who.openid, channelId: message.channelId };
    if (kind === "event:subscribe" || kind === "event:unsubscribe") {
      started.push(...this.#follow(person, who, kind === "event:subscribe", message, doing, known === undefined));
    } else this.#tell(person, ...storyOf(kind, message.text), message.trace, message.sentAt);
    if (touch.channelId !== null) {
      const { channelId } = touch;
      const newlyFollowed = kind === "event:subscribe";
      this.#enter(person, channelId, message, doing);
      const eventId = this.#ledger.emit(
        channelEntered,
        { personId: person.id, ...touch, channelId, newlyFollowed },
        doing,
      );
      started.push({ event: channelEntered.name as Started["event"], eventId, at });
    }
    if (originOf(kind) === "message" && message.reply === undefined) {
      const heard = { personId: person.id, ...touch, inboundId: message.inboundId, kind };
      this.#ledger.emit(customerHeard, { ...heard, replyBy: null, hasMore: false }, doing);
    }
    return started;
  }

  /** The job that asks WeChat for the unionid, after a follow; who has it already is the same person. */
  fetchProfile(who: Openid, { trace, receivedAt }: Kept): void {
    const { chance, outages } = this.#ledger;
    const at = receivedAt + chance.between(120, 700);
    const person = this.of(who);
    if (outages.is("wechat_away", at) && outages.is("wechat_away", at + jobTriesMs)) {
      this.#giveUp(person, who, trace, at);
      return;
    }
    if (who.unionid === null) return;
    const owner = this.#byUnionid.get(who.unionid);
    if (owner === undefined) {
      this.#byUnionid.set(who.unionid, person);
      this.#identify(person, "unionid", who.unionid, { actor: { kind: "system", id: linkPerson }, trace, at });
    } else if (owner !== person) {
      this.#merge(owner, person, { actor: { kind: "system", id: linkPerson }, trace, at: at + 3 });
    }
  }

  name(who: Openid, displayName: string): void {
    this.of(who).displayName = displayName;
  }

  identify(who: Openid, kind: "phone" | "mail", value: string, at: number): void {
    const trace = this.#ledger.ids.trace();
    this.#identify(this.of(who), kind, value, { actor: { kind: "system", id: linkPerson }, trace, at });
  }

  tag(who: Openid, name: string, at: number): void {
    const { id, name: sourceName } = this.#ledger.shop.operator;
    const origin = { source: "manual", sourceId: id, sourceName };
    this.#tag(this.of(who), name, origin, { trace: this.#ledger.ids.trace(), at });
  }

  /** A scene's message belongs to their story. */
  note(person: Person, details: Readonly<Record<string, unknown>>, trace: string, at: number): void {
    this.#tell(person, "delivery", details, trace, new Date(at));
  }

  /** Writes everybody down as they are in the end. */
  write(): void {
    const { rows, shop } = this.#ledger;
    const { tenantId } = shop;
    for (const [name, tag] of this.#tags) rows.add("audience_tag", { tenantId, name, ...tag });
    for (const person of this.#all) {
      rows.add("audience_person", {
        tenantId,
        id: person.id,
        displayName: person.displayName,
        firstChannelId: person.first?.channelId ?? null,
        firstChannelAt: person.first?.at ?? null,
        firstChannelBy: person.first?.by ?? null,
        firstSeenAt: person.firstSeenAt,
        lastSeenAt: person.lastSeenAt,
        mergedInto: person.mergedInto?.id ?? null,
        createdAt: person.createdAt,
      });
      const personId = person.id;
      for (const { row, following } of person.identities.values()) {
        const is = following?.is ?? null;
        const told = { following: is, followingSince: following?.since ?? null, followingBy: following?.by ?? null };
        rows.add("audience_identity", { ...row, personId, ...told });
      }
      for (const tag of person.tags.values()) rows.add("audience_person_tag", { ...tag, personId });
      for (const entry of person.timeline) rows.add("audience_timeline", { ...entry, personId });
      for (const delivery of person.deliveries) rows.add("messaging_delivery", { ...(delivery as Row), personId });
    }
  }

  #make(who: Openid, seenAt: Date, at: number): Person {
    const { ids, shop } = this.#ledger;
    const createdAt = new Date(at);
    const person: Person = {
      id: ids.at(at),
      createdAt,
      displayName: placeholderName(who.openid),
      firstSeenAt: seenAt,
      lastSeenAt: seenAt,
      first: undefined,
      mergedInto: undefined,
      identities: new Map(),
      tags: new Map(),
      timeline: [],
      deliveries: [],
    };
    const scope = shop.accounts[who.account].id;
    const row = { tenantId: shop.tenantId, id: ids.at(at), kind: "openid", scope, value: who.openid, createdAt };
    person.identities.set(who.openid, { row, following: null });
    this.#byOpenid.set(`${who.account} ${who.openid}`, person);
    this.#all.push(person);
    return person;
  }

  #follow(person: Person, who: Openid, is: boolean, message: Kept, doing: Doing, isNew: boolean): Started[] {
    const identity = person.identities.get(who.openid);
    if (identity === undefined) throw new Error(`${who.openid} is not this person's`);
    const before = identity.following?.is ?? null;
    identity.following = { is, since: message.sentAt, by: message.inboundId };
    this.#tell(person, is ? "followed" : "unfollowed", {}, doing.trace, message.sentAt);
    if (before === is) return [];
    const wechatAppId = this.#ledger.shop.accounts[who.account].id;
    const touch = { personId: person.id, wechatAppId, openid: who.openid, channelId: message.channelId };
    if (!is) {
      this.#ledger.emit(personUnfollowed, touch, doing);
      return [];
    }
    const eventId = this.#ledger.emit(personFollowed, { ...touch, firstTime: isNew || before === null }, doing);
    return [{ event: personFollowed.name as Started["event"], eventId, at: doing.at }];
  }

  #enter(person: Person, channelId: string, message: Kept, doing: Doing): void {
    const channel = Object.values(this.#ledger.shop.channels).find(({ id }) => id === channelId);
    if (channel === undefined) throw new Error(`there is no channel ${channelId}`);
    person.first ??= { channelId, at: message.sentAt, by: message.inboundId };
    this.#tell(person, "scanned", { channelId, channel: channel.name }, doing.trace, message.sentAt);
    const origin = { source: "channel", sourceId: channel.id, sourceName: channel.name };
    this.#tag(person, channel.name, origin, doing);
  }

  #tag(person: Person, name: string, origin: Row, { trace, at }: Pick<Doing, "trace" | "at">): void {
    const { ids, shop } = this.#ledger;
    const createdAt = new Date(at);
    const tag = this.#tags.get(name) ?? { id: ids.at(at), createdAt };
    this.#tags.set(name, tag);
    if (person.tags.has(name)) return;
    person.tags.set(name, { tenantId: shop.tenantId, tagId: tag.id, ...origin, createdAt });
    this.#tell(person, "tag_added", { name, ...origin }, trace, createdAt);
  }

  #identify(person: Person, kind: string, value: string, { trace, at }: Doing): void {
    const { ids, shop } = this.#ledger;
    const createdAt = new Date(at);
    const row = { tenantId: shop.tenantId, id: ids.at(at), kind, scope: "", value, createdAt };
    person.identities.set(value, { row, following: null });
    this.#tell(person, "identity_added", { kind, value }, trace, createdAt);
  }

  /** Whoever was there first goes on, with all that the other had. */
  #merge(one: Person, other: Person, doing: Doing): void {
    const [kept, gone] = one.firstSeenAt <= other.firstSeenAt ? [one, other] : [other, one];
    for (const [value, identity] of gone.identities) kept.identities.set(value, identity);
    for (const [name, tag] of gone.tags) if (!kept.tags.has(name)) kept.tags.set(name, tag);
    kept.timeline.push(...gone.timeline);
    kept.deliveries.push(...gone.deliveries);
    for (const part of [gone.identities, gone.tags]) part.clear();
    for (const part of [gone.timeline, gone.deliveries]) part.length = 0;
    gone.mergedInto = kept;
    kept.first = [kept.first, gone.first].filter((each) => each !== undefined).toSorted((a, b) => +a.at - +b.at)[0];
    if (gone.lastSeenAt > kept.lastSeenAt) kept.lastSeenAt = gone.lastSeenAt;
    for (const [key, person] of this.#byOpenid) if (person === gone) this.#byOpenid.set(key, kept);
    this.#tell(kept, "merged", { from: gone.id, name: gone.displayName }, doing.trace, new Date(doing.at));
    this.#ledger.emit(peopleMerged, { survivorId: kept.id, mergedId: gone.id }, doing);
  }

  /** A job that failed as often as it may: it waits among the dead letters. */
  #giveUp(person: Person, who: Openid, traceId: string, at: number): void {
    const { ids, rows, shop } = this.#ledger;
    const { tenantId, accounts } = shop;
    const [id, diedAt] = [ids.at(at), new Date(at + jobTriesMs + jobTries * 30)];
    const { name } = fetchProfile;
    const payload = { personId: person.id, wechatAppId: accounts[who.account].id, openid: who.openid };
    const job = { tenantId, id, name, payload, state: "dead", singletonKey: null, progress: null, actorId: linkPerson };
    rows.add("kit_job", { ...job, traceId, createdAt: new Date(at), updatedAt: diedAt });
    const lastError = said.wechat_away("/cgi-bin/user/info");
    rows.add("kit_dead", {
      tenantId,
      queue: name,
      ref: id,
      key: null,
      priority: 0,
      attempts: jobTries,
      lastError,
      traceId,
      diedAt,
    });
  }

  #tell(person: Person, kind: string, details: Readonly<Record<string, unknown>>, traceId: string, at: Date): void {
    const { ids, shop } = this.#ledger;
    person.timeline.push({ tenantId: shop.tenantId, id: ids.at(at.getTime()), kind, details, traceId, at });
  }
}

function storyOf(kind: string, text: string | null): [kind: string, details: Record<string, unknown>] {
  if (kind === "event:CLICK" || kind === "event:VIEW") return ["tapped_menu", {}];
  if (kind === "event:SCAN") return ["came_back", {}];
  return ["wrote", { kind, ...(text === null ? {} : { text }) }];
}
