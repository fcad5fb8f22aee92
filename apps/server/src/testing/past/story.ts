import { dayStart } from "@zhanggui/kit/contract/day";
import { calendar, type Day } from "./calendar.ts";
import { Chance } from "./chance.ts";
import { type Guest, Guests } from "./people.ts";
import { saying, tags } from "./sayings.ts";

/** The codes that people scanned. */
export const channelKeys = ["poster", "counter", "market", "card"] as const;
export type ChannelKey = (typeof channelKeys)[number];
/** The shop's account, and the one of its members, which some follow too. */
export type AccountKey = "shop" | "club";

export type Act =
  /** By a code, or having found the account by themselves. */
  | { readonly kind: "follow"; readonly channel?: ChannelKey }
  /** By somebody who follows. */
  | { readonly kind: "scan"; readonly channel: ChannelKey }
  | { readonly kind: "unfollow" }
  | { readonly kind: "say"; readonly text: string }
  | { readonly kind: "speak"; readonly seconds: number }
  | { readonly kind: "locate"; readonly label: string; readonly latitude: number; readonly longitude: number }
  | { readonly kind: "tap"; readonly button: string }
  | { readonly kind: "open"; readonly url: string }
  /** What the operator does about them. */
  | { readonly kind: "name"; readonly name: string }
  | { readonly kind: "tag"; readonly name: string }
  | { readonly kind: "identify"; readonly as: "phone" | "mail"; readonly value: string };

export interface Happening {
  readonly at: Date;
  readonly guest: Guest;
  readonly account: AccountKey;
  readonly act: Act;
}
export interface Story {
  readonly guests: readonly Guest[];
  /** In the order of time. */
  readonly happenings: readonly Happening[];
}

export interface Telling {
  /** The day on which the past is loaded: it ends the evening before. */
  readonly today: string;
  readonly zone: string;
  readonly seed?: number;
  readonly storesUrl: string;
}

/** How many come on an ordinary day. */
const ordinary = 9.6;
/** Where people come from; the market is there on weekends only. */
const ways = { poster: 30, counter: 34, card: 12, search: 14, market: 0 };
const weekendWays = { ...ways, market: 42 };
/** When they come, by the hour: an evening shop in an old lane. */
const hours: Readonly<Record<string, number>> = {
  8: 1,
  9: 3,
  10: 5,
  11: 6,
  12: 7,
  13: 7,
  14: 8,
  15: 10,
  16: 9,
  17: 8,
  18: 9,
  19: 11,
  20: 10,
  21: 5,
};
const marketHours = { 9: 4, 10: 8, 11: 9, 12: 6, 13: 3 };
/** Some write at night, when nobody is there. */
const writingHours = { ...hours, 0: 1.5, 1: 0.8, 7: 1, 22: 5, 23: 3.5 };
const wordsADay = { seldom: 0.004, sometimes: 0.022, often: 0.085 };
const hourMs = 3_600_000;
const minuteMs = 60_000;

/** Ninety days of Lantern Tea: who came, by which way, what they wrote, who left. The same every time for one day. */
export function tellStory(telling: Telling): Story {
  const teller = new Teller(telling);
  for (const day of calendar(telling.today)) teller.live(day);
  return teller.story();
}

class Teller {
  readonly #telling: Telling;
  readonly #chance: Chance;
  readonly #guests: Guests;
  readonly #happenings: Happening[] = [];
  readonly #followers = new Set<Guest>();
  readonly #members = new Set<Guest>();
  readonly #all: Guest[] = [];
  #midnight = 0;
  #phones = 0;

  constructor(telling: Telling) {
    this.#telling = telling;
    this.#chance = new Chance(telling.seed ?? 20_260_808);
    this.#guests = new Guests(this.#chance);
  }

  live(day: Day): void {
    this.#midnight = dayStart(day.day, this.#telling.zone).getTime();
    const before = [...this.#followers];
    for (const guest of before) this.#another(guest, day);
    // Somebody comes however hard it rains.
    for (let left = Math.max(1, this.#chance.howMany(ordinary * day.crowd)); left > 0; left--) this.#newcomer(day);
  }

  story(): Story {
    const end = dayStart(this.#telling.today, this.#telling.zone).getTime() - minuteMs;
    // What the last evening began and tomorrow would end belongs to tomorrow.
    const happenings = this.#happenings
      .filter(({ at }) => at.getTime() < end)
      .toSorted((a, b) => a.at.getTime() - b.at.getTime());
    return { guests: this.#all, happenings: happenings.filter(possible()) };
  }

  #newcomer({ weekday, crowd }: Day): void {
    const chance = this.#chance;
    const guest = this.#guests.next();
    this.#all.push(guest);
    this.#followers.add(guest);
    const way = chance.weighted(weekday === 0 || weekday === 6 ? weekendWays : ways);
    const at = this.#time(way === "market" ? marketHours : hours);
    this.#add(at, guest, way === "search" ? { kind: "follow" } : { kind: "follow", channel: way });
    if (chance.happens(0.46))
      this.#say(later(at, chance.between(1, 9)), guest, chance.happens(0.6) ? "menu" : undefined);
    if (chance.happens(0.22)) this.#add(later(at, chance.between(1, 20)), guest, { kind: "tap", button: "TODAY" });
    if (guest.knownAs !== undefined) {
      this.#add(later(at, chance.between(8, 200)), guest, { kind: "name", name: guest.knownAs });
      if (chance.happens(0.16)) this.#identify(later(at, chance.between(210, 300)), guest);
    }
    // Crowds bring more of those who wanted the coupon only.
    if (chance.happens(0.03 + 0.02 * crowd)) this.#leave(later(at, chance.between(2, 400)), guest);
  }

  /** A day of somebody who follows already. */
  #another(guest: Guest, day: Day): void {
    const chance = this.#chance;
    const mood = Math.sqrt(day.crowd);
    if (chance.happens(wordsADay[guest.talk] * mood)) this.#conversation(guest);
    if (chance.happens(wordsADay[guest.talk] * 0.55 * mood)) this.#tap(guest);
    if (chance.happens(wordsADay[guest.talk] * 0.16 * mood)) {
      this.#add(this.#time(hours), guest, { kind: "scan", channel: chance.happens(0.8) ? "counter" : "poster" });
    }
    if (chance.happens(0.0012)) this.#leave(this.#time(writingHours), guest);
    if (chance.happens(0.0009) && !this.#members.has(guest)) {
      this.#members.add(guest);
      this.#add(this.#time(hours), guest, { kind: "follow" }, "club");
    }
    if (guest.talk === "often" && chance.happens(0.012))
      this.#tag(guest, chance.happens(0.7) ? tags.often : tags.oolong);
    if (chance.happens(0.0006)) this.#tag(guest, tags.office);
    if (day.daysAgo === 12 && guest.talk !== "seldom" && chance.happens(0.2)) this.#tag(guest, tags.tasting);
  }

  #conversation(guest: Guest): void {
    const chance = this.#chance;
    let at = this.#time(writingHours);
    for (let left = chance.weighted({ 1: 68, 2: 24, 3: 8 }); Number(left) > 0; left = `${Number(left) - 1}` as "1") {
      const kind = chance.weighted({ say: 94, speak: 4, locate: 2 });
      if (kind === "say") this.#say(at, guest);
      else if (kind === "speak") this.#add(at, guest, { kind, seconds: chance.between(2, 24) });
      else this.#add(at, guest, { kind, label: "灯笼巷 8 号", latitude: 30.25, longitude: 120.16 });
      at = later(at, chance.between(1, 40));
    }
  }

  #say(at: Date, guest: Guest, mood?: "menu"): void {
    const text = saying(this.#chance, mood);
    this.#add(at, guest, { kind: "say", text });
    const isComplaint = text.includes("等了") || text.includes("漏了");
    if (isComplaint) this.#add(later(at, this.#chance.between(30, 240)), guest, { kind: "tag", name: tags.calmed });
  }

  #tap(guest: Guest): void {
    const at = this.#time(writingHours);
    const isMenu = this.#chance.happens(0.75);
    this.#add(at, guest, isMenu ? { kind: "tap", button: "TODAY" } : { kind: "open", url: this.#telling.storesUrl });
  }

  #tag(guest: Guest, name: string): void {
    this.#add(this.#time(hours), guest, { kind: "tag", name });
  }

  /** Chinese numbers begin with 13 to 19: one that begins with 100 is nobody's. */
  #identify(at: Date, guest: Guest): void {
    const number = String(++this.#phones).padStart(4, "0");
    const isPhone = this.#chance.happens(0.7);
    const value = isPhone ? `1000000${number}` : `guest${number}@mail.example`;
    this.#add(at, guest, { kind: "identify", as: isPhone ? "phone" : "mail", value });
  }

  #leave(at: Date, guest: Guest): void {
    this.#add(at, guest, { kind: "unfollow" });
    this.#followers.delete(guest);
    // One in ten comes back, days later, by the counter.
    const back = new Date(at.getTime() + this.#chance.between(48, 400) * hourMs);
    if (this.#chance.happens(0.1)) this.#add(back, guest, { kind: "follow", channel: "counter" });
  }

  #time(weights: Readonly<Record<string, number>>): Date {
    const hour = Number(this.#chance.weighted(weights));
    return new Date(this.#midnight + hour * hourMs + this.#chance.between(0, 3599) * 1000);
  }

  #add(at: Date, guest: Guest, act: Act, account: AccountKey = "shop"): void {
    this.#happenings.push({ at, guest, account, act });
  }
}

const needsFollowing: ReadonlySet<Act["kind"]> = new Set(["scan", "unfollow", "say", "speak", "locate", "tap", "open"]);

/** Drops what can't have been, asked in the order of time: who has left writes nothing, who follows doesn't follow. */
function possible(): (happening: Happening) => boolean {
  const following = new Set<string>();
  return ({ guest, account, act: { kind } }) => {
    const bond = `${account} ${guest.puppetId}`;
    if (kind === "follow") return !following.has(bond) && following.add(bond).has(bond);
    if (kind === "unfollow") return following.delete(bond);
    return !needsFollowing.has(kind) || following.has(bond);
  };
}

function later(at: Date, minutes: number): Date {
  return new Date(at.getTime() + minutes * minuteMs);
}
