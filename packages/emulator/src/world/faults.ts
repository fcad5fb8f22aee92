/** Trouble that a test orders: each fault hits the next `count` calls or pushes that match it. */

/** What goes wrong in real life, each under its name: what a name stands for can be said in its parts, too. */
export const faultKinds = {
  /** WeChat is busy. */
  busy: { target: "api", errcode: -1 },
  /** Somebody else fetched a token at the same moment: this one is void from now on. */
  "token-race": { target: "api", race: true },
  /** The day's calls are used up. */
  quota: { target: "api", errcode: 45009 },
  /** No answer comes, and nothing was done. */
  "timeout-before": { target: "api", hang: "before" },
  /** No answer comes, and all was done. */
  "timeout-after": { target: "api", hang: "after" },
  slow: { target: "api", delayMs: 5_000 },
  duplicated: { target: "push", repeat: 2 },
  reordered: { target: "push", holdFor: 1 },
  delayed: { target: "push", delayMs: 5_000 },
  lost: { target: "push", lose: true },
  "bad-signature": { target: "push", badSignature: true },
} as const satisfies Record<string, Omit<ApiFault, "count"> | Omit<PushFault, "count">>;
export type FaultKind = keyof typeof faultKinds;

export interface ApiFault {
  target: "api";
  /** The path, e.g. `/cgi-bin/message/template/send`; absent: every path. */
  path?: string | undefined;
  appid?: string | undefined;
  count: number;
  /** Answer this errcode. */
  errcode?: number | undefined;
  /** Answer this HTTP status (with an empty page, as a broken proxy would). */
  status?: number | undefined;
  /** Do the work although the answer is `errcode` or `status`. */
  perform?: boolean | undefined;
  delayMs?: number | undefined;
  /** Cut the connection before doing the work, or after it and without an answer. */
  drop?: "before" | "after" | undefined;
  /** Leave the connection open and never answer: what the caller's own time-out is for. */
  hang?: "before" | "after" | undefined;
  /** Void the call's token before it is looked at, as one fetched elsewhere does: 40001 until a new one is fetched. */
  race?: boolean | undefined;
}

export interface PushFault {
  target: "push";
  /** MsgType or Event, e.g. `text`, `subscribe`; absent: every push. */
  what?: string | undefined;
  appid?: string | undefined;
  count: number;
  /** Deliver the message this many times in all, one after the other or at once. */
  repeat?: number | undefined;
  parallel?: boolean | undefined;
  /** Throw away the developer's answers of the first n tries, so that WeChat tries again. */
  dropAnswers?: number | undefined;
  /** Wait before the first try. */
  delayMs?: number | undefined;
  /** Keep this push back until that many later pushes of the account have been delivered. */
  holdFor?: number | undefined;
  /** Deliver it to nobody: WeChat's own trouble, which it tells nobody of. */
  lose?: boolean | undefined;
  /** Sign it with another token than the account's. */
  badSignature?: boolean | undefined;
}

export type Fault = ApiFault | PushFault;

/** The faults that are still to happen. */
export class FaultBook {
  private faults: Fault[] = [];

  add(fault: Fault): void {
    this.faults.push({ ...fault });
  }

  list(): Fault[] {
    return this.faults.map((fault) => ({ ...fault }));
  }

  clear(): void {
    this.faults = [];
  }

  /** Takes the first fault that fits this call, counting it down. */
  takeForApi(path: string, appid: string | null): ApiFault | null {
    const found = this.faults.find(
      (fault): fault is ApiFault =>
        fault.target === "api" &&
        (fault.path === undefined || fault.path === path) &&
        (fault.appid === undefined || fault.appid === appid),
    );
    return this.countDown(found);
  }

  /** Takes the first fault that fits this push, counting it down. */
  takeForPush(what: string, appid: string): PushFault | null {
    const found = this.faults.find(
      (fault): fault is PushFault =>
        fault.target === "push" &&
        (fault.what === undefined || fault.what === what) &&
        (fault.appid === undefined || fault.appid === appid),
    );
    return this.countDown(found);
  }

  private countDown<F extends Fault>(fault: F | undefined): F | null {
    if (fault === undefined) return null;
    fault.count -= 1;
    if (fault.count <= 0) this.faults = this.faults.filter((other) => other !== fault);
    return fault;
  }
}
