import type { Field } from "../wechat/envelope.ts";
import { massRules } from "../wechat/limits.ts";
import { addChat } from "./chat.ts";
import type { Account, Bond, ChatContent, MassSend } from "./model.ts";
import { afterAnswer } from "./notices.ts";
import { sendAccountEvent } from "./events.ts";
import type { State } from "./state.ts";

export interface MassJob {
  content: ChatContent;
  /** null: an openid that nobody has. */
  bonds: readonly (Bond | null)[];
}

/**
 * Shows the message to everybody who may still get one, and pushes MASSSENDJOBFINISH. Its counts add up: FilterCount =
 * SentCount + ErrorCount; what TotalCount has more was filtered before sending.
 */
export function deliverMass(state: State, account: Account, sent: MassSend, { content, bonds }: MassJob): void {
  const counts = { total: bonds.length, filter: 0, sent: 0, error: 0 };
  const show = (): boolean => {
    // Taken down before it went out.
    if (sent.status === "DELETE") return false;
    const month = state.dayOf(state.now()).slice(0, 7);
    for (const bond of bonds) {
      // Those on the black list and those who set it so are left out before anybody is sent anything.
      if (bond?.isBlocked === true) continue;
      counts.filter += 1;
      if (bond === null || !bond.following || isFull(state, account, bond, month)) {
        counts.error += 1;
        continue;
      }
      const { massMonth } = bond;
      bond.massMonth = { month, count: (massMonth.month === month ? massMonth.count : 0) + 1 };
      counts.sent += 1;
      addChat(state, bond, "account", content, "mass");
    }
    sent.status = "SEND_SUCCESS";
    state.tell({ type: "world" });
    return true;
  };
  const finish = () => sendAccountEvent(state, account, "MASSSENDJOBFINISH", finishFields(sent, counts));
  // How slowly a developer's server takes notices is no follower's concern.
  afterAnswer(state, finish, show);
}

/** Shows one user what would be sent; it counts for nothing. */
export function previewMass(state: State, bond: Bond, content: ChatContent): void {
  addChat(state, bond, "account", content, "mass");
}

function isFull(state: State, account: Account, { massMonth }: Bond, month: string): boolean {
  if (account.kind !== "service") return false;
  return massMonth.month === month && massMonth.count >= state.rules.number(massRules.perMonth);
}

function articleUrls(urls: readonly string[]): Field {
  const items = urls.map((url, index): Field => {
    const place: Field = { name: "ArticleIdx", number: String(index + 1) };
    return { name: "item", children: [place, { name: "ArticleUrl", text: url }] };
  });
  const count: Field = { name: "Count", number: String(urls.length) };
  return { name: "ArticleUrlResult", children: [count, { name: "ResultList", children: items }] };
}

interface Counts {
  total: number;
  filter: number;
  sent: number;
  error: number;
}

function finishFields(sent: MassSend, { total, filter, sent: sentCount, error }: Counts): Field[] {
  const number = (name: string, value: number | string): Field => ({ name, number: String(value) });
  return [
    number("MsgID", sent.msgId),
    { name: "Status", text: "send success" },
    number("TotalCount", total),
    number("FilterCount", filter),
    number("SentCount", sentCount),
    number("ErrorCount", error),
    {
      name: "CopyrightCheckResult",
      children: [number("Count", 0), { name: "ResultList", children: [] }, number("CheckState", 0)],
    },
    ...(sent.kind === "news" ? [articleUrls(sent.urls)] : []),
  ];
}
