import type { TimelineEntry } from "@zhanggui/server/engines/audience/audience.contract";
import type { z } from "zod";
import type { IconName } from "../common/icons.ts";

export type Entry = z.output<typeof TimelineEntry>;

/** `t` and `te` of vue-i18n, as far as a sentence needs them. */
export interface Speech {
  readonly t: (key: string, values?: Record<string, string>) => string;
  readonly te: (key: string) => boolean;
}

interface Kind {
  readonly icon: IconName;
  readonly say: (details: Readonly<Record<string, unknown>>, speech: Speech) => string;
}

/** A plain value of the details as text; empty if it isn't there. */
function word(details: Readonly<Record<string, unknown>>, ...names: string[]): string {
  const value = names.map((each) => details[each]).find((each) => typeof each === "string" || typeof each === "number");
  return value === undefined ? "" : String(value);
}

/** What `prefix.name` means, or the name itself if nobody has named it yet. */
function named({ t, te }: Speech, prefix: string, name: string): string {
  return te(`${prefix}.${name}`) ? t(`${prefix}.${name}`) : name;
}

const plain =
  (key: string): Kind["say"] =>
  (_details, { t }) =>
    t(`audience.timeline.${key}`);

/** One sentence for each kind of entry that the server writes. */
export const timelineKinds: Readonly<Record<string, Kind>> = {
  followed: { icon: "plus", say: plain("followed") },
  unfollowed: { icon: "cross", say: plain("unfollowed") },
  scanned: {
    icon: "growth",
    say: (details, { t }) => t("audience.timeline.scanned", { channel: word(details, "channel", "channelName") }),
  },
  came_back: { icon: "refresh", say: plain("came_back") },
  wrote: { icon: "messages", say: sayWrote },
  tapped_menu: {
    icon: "phone",
    say: (details, { t }) => {
      const key = word(details, "key", "name", "text");
      return key === "" ? t("audience.timeline.tapped_menu") : t("audience.timeline.tapped_menuKey", { key });
    },
  },
  tag_added: {
    icon: "tag",
    say: (details, { t }) => {
      const name = word(details, "name", "tag");
      const by = word(details, "sourceName");
      // A channel's tag is called like the channel: saying it twice tells nothing.
      if (by === "" || by === name) return t("audience.timeline.tag_added", { name });
      return t("audience.timeline.tag_addedBy", { name, by });
    },
  },
  tag_removed: {
    icon: "tag",
    say: (details, { t }) => {
      const name = word(details, "name", "tag");
      const by = word(details, "byName");
      return by === ""
        ? t("audience.timeline.tag_removed", { name })
        : t("audience.timeline.tag_removedBy", { name, by });
    },
  },
  identity_added: {
    icon: "user",
    say: (details, speech) =>
      speech.t("audience.timeline.identity_added", {
        kind: named(speech, "audience.identity", word(details, "kind")),
        value: word(details, "value"),
      }),
  },
  signed_in: {
    icon: "key",
    say: (details, speech) =>
      speech.t("audience.timeline.signed_in", {
        channel: named(speech, "audience.identity", word(details, "channel")),
        address: word(details, "address"),
      }),
  },
  subscribed: {
    icon: "bell",
    say: (details, { t }) => t("audience.timeline.subscribed", { templates: word(details, "templates") }),
  },
  unsubscribed: {
    icon: "bell",
    say: (details, { t }) => t("audience.timeline.unsubscribed", { templates: word(details, "templates") }),
  },
  merged: {
    icon: "people",
    say: (details, { t }) => t("audience.timeline.merged", { name: word(details, "name", "from") }),
  },
  delivery: { icon: "send", say: sayDelivery },
  operator_reply: { icon: "reply", say: sayAnswered },
};

function sayWrote(details: Readonly<Record<string, unknown>>, speech: Speech): string {
  const text = word(details, "text");
  if (text !== "") return speech.t("audience.timeline.wrote", { text });
  const name = word(details, "kind");
  const kind = speech.te(`audience.kinds.${name}`)
    ? speech.t(`audience.kinds.${name}`)
    : speech.t("audience.kinds.other", { kind: name });
  return speech.t("audience.timeline.wroteKind", { kind });
}

function sayDelivery(details: Readonly<Record<string, unknown>>, speech: Speech): string {
  const scene = word(details, "scene", "sceneName");
  if (scene === "") return speech.t("audience.timeline.deliveryPlain");
  const channel = named(speech, "messaging.channels", word(details, "channel"));
  const [state, leader] = [word(details, "state"), word(details, "leader")];
  // "Ready" was true when the entry was written; what came of it stands with the delivery.
  if (state !== "" && state !== "ready")
    return speech.t("audience.timeline.deliveryState", {
      scene,
      channel,
      state: named(speech, "messaging.states", state),
    });
  return leader === ""
    ? speech.t("audience.timeline.delivery", { scene, channel })
    : speech.t("audience.timeline.deliveryToLeader", { scene, channel, leader });
}

/** What an operator wrote, and whether it arrived. */
function sayAnswered(details: Readonly<Record<string, unknown>>, { t }: Speech): string {
  const told = { by: word(details, "by"), text: word(details, "text") };
  const state = word(details, "state");
  if (state === "delivered") return t("audience.timeline.answered", told);
  return state === "unknown"
    ? t("audience.timeline.answeredPerhaps", told)
    : t("audience.timeline.answeredInVain", told);
}

/** What an entry says, and its picture. A kind that this console doesn't know yet is shown by its name. */
export function sentenceOf({ kind, details }: Pick<Entry, "kind" | "details">, speech: Speech) {
  const known = Object.hasOwn(timelineKinds, kind) ? timelineKinds[kind] : undefined;
  if (known === undefined) return { icon: "more" as IconName, text: speech.t("audience.timeline.other", { kind }) };
  return { icon: known.icon, text: known.say(details, speech) };
}
