import { explainErrcode } from "@zhanggui/wechat/errcodes";
import { isPlaceholder } from "../../engines/audience/internal/placeholder.ts";
import { explain } from "../../engines/messaging/internal/reasons.ts";
import { fillIn, type TemplateScope } from "../../engines/messaging/internal/templates.ts";
import { unnamedCustomer } from "../../engines/messaging/messaging.settings.ts";
import type { LocalizedText } from "@zhanggui/kit/contract/text";
import type { Inbound, Kept } from "./inbound.ts";
import type { Ledger } from "./ledger.ts";
import { said } from "./outages.ts";
import type { Guest } from "./people.ts";
import type { Openid, Person, Persons, Started } from "./persons.ts";

type Scene = Ledger["shop"]["scenes"][number];
type SceneItem = Scene["items"][number];
type State = "ready" | "accepted" | "delivered" | "failed" | "unknown" | "suppressed";

/** The stand-in's own numbers begin higher. */
const firstTemplateMessageId = 3_055_183_838_000_000_000n;
/** As messaging's outbox tries: pauses of 5, 10, 20 … seconds. */
const attemptLimit = 8;
const firstPauseSeconds = 5;
/** WeChat's words for how a template message ended. */
const receipts = {
  success: "success",
  user_block: "failed:user block",
  system_failed: "failed: system failed",
} as const;
const startedBy = {
  "audience.channel_entered.v1": "channelEntered",
  "audience.person_followed.v1": "personFollowed",
} as const;

/** Whose arrival started a scene, and what it has to do with. */
export interface Arrival {
  readonly guest: Guest;
  readonly who: Openid;
  readonly person: Person;
  readonly message: Kept;
}
/** What somebody got of a template message: for the stand-in's phone. */
export interface Card {
  readonly at: number;
  readonly data: Readonly<Record<string, string>>;
}

/** A delivery on its way: what is said of it last, and since when. */
class Course {
  readonly id: string;
  readonly createdAt: number;
  state: State = "ready";
  providerId: string | null = null;
  because: LocalizedText = { zh: "", en: "" };
  at: number;
  readonly #ledger: Ledger;

  constructor(ledger: Ledger, at: number) {
    this.#ledger = ledger;
    this.id = ledger.ids.at(at);
    this.createdAt = at;
    this.at = at;
  }

  /** A step, `afterMs` later; what it says is why the delivery stands where it stands, unless it says otherwise. */
  step(kind: string, afterMs: number, text: LocalizedText, details: Readonly<Record<string, unknown>>): void {
    this.at += afterMs;
    const { rows, ids, shop } = this.#ledger;
    const at = new Date(this.at);
    const { zh, en } = text;
    const row = { tenantId: shop.tenantId, id: ids.at(this.at), deliveryId: this.id, kind, zh, en, details, at };
    rows.add("messaging_step", row);
    if (kind !== "asked") this.because = text;
  }
}

/** What scenes sent, and what became of it. */
export class Sending {
  readonly #ledger: Ledger;
  readonly #persons: Persons;
  readonly #inbound: Inbound;
  #messages = 0n;
  #hasLost = 0;

  constructor(ledger: Ledger, persons: Persons, inbound: Inbound) {
    this.#ledger = ledger;
    this.#persons = persons;
    this.#inbound = inbound;
  }

  /** @returns the cards that the phone got */
  async start({ event, eventId, at }: Started, arrival: Arrival): Promise<Card[]> {
    const { shop, chance } = this.#ledger;
    const { channelId } = arrival.message;
    const cards: Card[] = [];
    const startedAt = at + chance.between(15, 70);
    for (const scene of shop.scenes) {
      if (!scene.enabled || scene.trigger !== event) continue;
      if (scene.channelId !== null && scene.channelId !== channelId) continue;
      for (const [index, item] of scene.items.entries()) {
        const card = await this.#deliver(scene, index, item, arrival, { eventId, at: startedAt + 2 * index });
        if (card !== undefined) cards.push(card);
      }
    }
    return cards;
  }

  async #deliver(
    scene: Scene,
    index: number,
    item: SceneItem,
    arrival: Arrival,
    { eventId, at }: { eventId: string; at: number },
  ): Promise<Card | undefined> {
    const { shop } = this.#ledger;
    const { person, who, message } = arrival;
    const channel = Object.values(shop.channels).find(({ id }) => id === message.channelId);
    const account = shop.accounts[who.account];
    const isLeader = item.channel === "mail" && item.to === "leader";
    const personName = person.displayName;
    const word = isLeader || !isPlaceholder(personName) ? personName : unnamedCustomer.default;
    const content = await contentOf(item, {
      person: { displayName: word },
      channel: { name: channel?.name ?? "", leaderName: channel?.leaderName ?? "" },
      app: { name: account.name },
    });
    const to = addressOf(item, who.openid, channel?.leaderMail, person);
    const course = new Course(this.#ledger, at);
    const leaderName = isLeader ? (channel?.leaderName ?? null) : null;
    const asked = explain(startedBy[scene.trigger], { scene: scene.name, version: scene.version });
    course.step("asked", 0, asked, { eventId, sceneId: scene.id });
    if (to === undefined) {
      course.state = "suppressed";
      const because = explain(isLeader ? "noLeader" : "noMailAddress");
      course.step("decided", 1, because, { state: course.state, to: "" });
    } else course.step("decided", 1, explain("willSend", { to }), { state: course.state, to });
    const { state, because } = course;
    const told = { deliveryId: course.id, scene: scene.name, channel: item.channel, state, ...because };
    this.#persons.note(person, leaderName === null ? told : { ...told, leader: leaderName }, message.trace, course.at);
    const card = to === undefined ? undefined : this.#send(course, item, to, arrival);
    person.deliveries.push({
      tenantId: shop.tenantId,
      id: course.id,
      sceneId: scene.id,
      sceneVersion: scene.version,
      item: index,
      eventId,
      sceneName: scene.name,
      channel: item.channel,
      wechatAppId: account.id,
      personName,
      to: to ?? "",
      leaderName,
      content,
      state: course.state,
      ...course.because,
      providerId: course.providerId,
      traceId: message.trace,
      createdAt: new Date(course.createdAt),
      updatedAt: new Date(course.at),
    });
    return card === undefined ? undefined : { at: card, data: (content as { data: Record<string, string> }).data };
  }

  /** @returns when the phone got it, if it did */
  #send(course: Course, item: SceneItem, to: string, arrival: Arrival): number | undefined {
    const { chance } = this.#ledger;
    for (let attempt = 1; ; attempt++) {
      course.step("submitting", chance.between(8, 60), explain("submitting", { attempt }), { attempt });
      const reason = this.#away(item, course.at);
      if (reason === undefined) break;
      if (attempt >= attemptLimit) {
        course.state = "failed";
        const gaveUp = explain("gaveUp", { attempts: attempt, reason });
        course.step("answered", chance.between(3, 20), gaveUp, { attempts: attempt, reason });
        return undefined;
      }
      const seconds = firstPauseSeconds * 2 ** (attempt - 1);
      const retry = explain("retry", { reason, seconds });
      course.step("answered", chance.between(3, 20), retry, { attempts: attempt, reason });
      course.at += seconds * 1000;
    }
    return item.channel === "mail" ? this.#mail(course, to) : this.#template(course, to, arrival);
  }

  #away(item: SceneItem, at: number): string | undefined {
    const { outages } = this.#ledger;
    if (item.channel === "mail") return outages.is("mail_down", at) ? said.mail_down : undefined;
    return outages.is("wechat_away", at) ? said.wechat_away("/cgi-bin/message/template/send") : undefined;
  }

  #mail(course: Course, to: string): undefined {
    const { chance, outages } = this.#ledger;
    if (outages.is("mailbox_gone", course.at) && to.startsWith("shi@")) {
      course.state = "failed";
      const because = explain("refused", { reason: said.mailbox_gone(to) });
      course.step("answered", chance.between(15, 90), because, { responseCode: 550 });
      return undefined;
    }
    course.state = "accepted";
    course.providerId = `<${course.id}@zhanggui>`;
    const because = explain("acceptedMail", { answer: "250 OK: message queued" });
    course.step("answered", chance.between(15, 90), because, { providerId: course.providerId });
    return undefined;
  }

  #template(course: Course, to: string, { guest, who }: Arrival): number | undefined {
    const { chance, outages } = this.#ledger;
    if (outages.is("restart", course.at) && this.#hasLost < 2) {
      this.#hasLost += 1;
      course.state = "unknown";
      course.step("lost", 60_000, explain("lost"), { attempt: 1 });
      return undefined;
    }
    if (outages.is("template_gone", course.at)) {
      course.state = "failed";
      const { errcode, errmsg } = said.template_gone;
      const rid = `${Math.floor(course.at / 1000).toString(16)}-${chance.hex(8)}-${chance.hex(8)}`;
      const { zh, en } = explainErrcode(errcode);
      const because = {
        zh: explain("refused", { reason: `${errcode} ${zh}` }).zh,
        en: explain("refused", { reason: `${errcode} ${en}` }).en,
      };
      course.step("answered", chance.between(60, 240), because, { errcode, errmsg: errmsg(rid), rid });
      return undefined;
    }
    if (chance.happens(0.003)) {
      course.state = "unknown";
      course.step("answered", 10_000, explain("noAnswer", { reason: said.no_answer }), {});
      return undefined;
    }
    course.state = "accepted";
    const providerId = String(firstTemplateMessageId + ++this.#messages * 104_729n);
    course.providerId = providerId;
    course.step("answered", chance.between(60, 240), explain("acceptedWechat", { providerId }), { providerId });
    const arrivedAt = course.at;
    // Now and then WeChat says nothing more.
    if (!chance.happens(0.006)) this.#receipt(course, providerId, to, receipts[guest.templateDelivery], who);
    return guest.templateDelivery === "success" ? arrivedAt : undefined;
  }

  #receipt(course: Course, providerId: string, openid: string, status: string, { account }: Openid): void {
    const { chance, rows, shop } = this.#ledger;
    const kind = "event:TEMPLATESENDJOBFINISH";
    const at = course.at + chance.between(400, 4000);
    const { receivedAt } = this.#inbound.keep({
      account,
      openid,
      kind,
      fields: { MsgID: providerId, Status: status },
      at,
    });
    const afterMs = receivedAt - course.at + chance.between(8, 60);
    const isThere = status === "success";
    const because = explain(isThere ? "delivered" : status.includes("block") ? "blocked" : "notDelivered", { status });
    course.state = isThere ? "delivered" : "failed";
    course.step("receipt", afterMs, because, { status });
    const wechatAppId = shop.accounts[account].id;
    const row = { tenantId: shop.tenantId, wechatAppId, providerId, status, receivedAt: new Date(course.at) };
    rows.add("messaging_receipt", row);
  }
}

function addressOf(
  item: SceneItem,
  openid: string,
  leaderMail: string | undefined,
  person: Person,
): string | undefined {
  if (item.channel === "wechat_template") return openid;
  if (item.to === "leader") return leaderMail;
  const mails = [...person.identities.values()].filter(({ row }) => row["kind"] === "mail");
  return mails.at(-1)?.row["value"] as string | undefined;
}

async function contentOf(item: SceneItem, scope: TemplateScope): Promise<Readonly<Record<string, unknown>>> {
  if (item.channel === "mail") {
    return { subject: await filled(item.subject, scope), text: await filled(item.text, scope) };
  }
  const data: Record<string, string> = {};
  for (const [name, sentence] of Object.entries(item.data)) data[name] = await filled(sentence, scope);
  return { templateId: item.templateId, data, ...(item.url === undefined ? {} : { url: item.url }) };
}

/** The time that a template may take is the clock's: a machine that was busy with something else is asked again. */
async function filled(template: string, scope: TemplateScope, tries = 10): Promise<string> {
  try {
    return await fillIn(template, scope);
  } catch (error) {
    if (tries === 0) throw error;
    return filled(template, scope, tries - 1);
  }
}
