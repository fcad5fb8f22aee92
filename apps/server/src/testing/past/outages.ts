import { dayStart, addDays } from "@zhanggui/kit/contract/day";
import { fill } from "@zhanggui/kit/contract/text";

/** What went wrong on some days: everything that was sent meanwhile shows it. */
export interface Outage {
  readonly kind: "mail_down" | "mailbox_gone" | "template_gone" | "wechat_away" | "restart";
  readonly from: number;
  readonly until: number;
}
interface Planned {
  readonly kind: Outage["kind"];
  /** On the last Saturday that is at least so long ago: trouble comes when there is most to do. */
  readonly atLeastDaysAgo: number;
  readonly from: string;
  readonly minutes: number;
}
const planned: readonly Planned[] = [
  { kind: "mail_down", atLeastDaysAgo: 64, from: "13:30", minutes: 95 },
  { kind: "template_gone", atLeastDaysAgo: 43, from: "17:40", minutes: 160 },
  { kind: "restart", atLeastDaysAgo: 29, from: "10:00", minutes: 600 },
  { kind: "wechat_away", atLeastDaysAgo: 6, from: "12:05", minutes: 290 },
  { kind: "mailbox_gone", atLeastDaysAgo: 2, from: "00:00", minutes: 2 * 1440 },
];

export class Outages {
  readonly #all: readonly Outage[];

  constructor(today: string, zone: string) {
    this.#all = planned.map(({ kind, atLeastDaysAgo, from, minutes }) => {
      const day = saturdayBefore(addDays(today, -atLeastDaysAgo));
      const [hour = 0, minute = 0] = from.split(":").map(Number);
      const begins = dayStart(day, zone).getTime() + (hour * 60 + minute) * 60_000;
      return { kind, from: begins, until: begins + minutes * 60_000 };
    });
  }

  is(kind: Outage["kind"], at: number): boolean {
    return this.#all.some((each) => each.kind === kind && each.from <= at && at < each.until);
  }
}

/** As the programs that failed said it: nodemailer and Node's fetch. */
export const said = {
  mail_down: "connect ECONNREFUSED 192.0.2.25:25",
  mailbox_gone: (to: string) =>
    fill("Can't send mail - all recipients were rejected: 550 5.1.1 <{to}>: Recipient address rejected", { to }),
  template_gone: { errcode: 40_037, errmsg: (rid: string) => `invalid template_id rid: ${rid}` },
  wechat_away: (path: string) => `${path}: connect: getaddrinfo EAI_AGAIN api.weixin.qq.com`,
  no_answer: "/cgi-bin/message/template/send: timeout: The operation was aborted due to timeout",
} as const;

/** The day itself if it is one. */
function saturdayBefore(day: string): string {
  const weekday = new Date(`${day}T00:00:00Z`).getUTCDay();
  return addDays(day, -((weekday + 1) % 7));
}
