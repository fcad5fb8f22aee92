import { describe, expect, test } from "vitest";
import { createI18n } from "vue-i18n";
import { messages } from "../messages.ts";
import { type Entry, sentenceOf, type Speech, timelineKinds } from "./timeline-sentence.ts";

function speech(locale: "zh" | "en"): Speech {
  const { t, te } = createI18n({ legacy: false, locale, messages }).global;
  return { t: (key, values) => t(key, values ?? {}), te: (key) => te(key) };
}

/** One entry of each kind that the server writes, with the details that it writes. */
const entries: Pick<Entry, "kind" | "details">[] = [
  { kind: "followed", details: {} },
  { kind: "unfollowed", details: {} },
  { kind: "scanned", details: { channelId: "c", channel: "Poster-1" } },
  { kind: "came_back", details: {} },
  { kind: "wrote", details: { kind: "text", text: "Hello-1" } },
  { kind: "tapped_menu", details: {} },
  { kind: "tag_added", details: { name: "VIP-1", source: "manual", sourceName: "Qing-1" } },
  { kind: "tag_removed", details: { name: "VIP-1", by: "a", byName: "Qing-1" } },
  { kind: "identity_added", details: { kind: "phone", value: "13800000000" } },
  { kind: "signed_in", details: { channel: "phone", address: "1380****-1" } },
  { kind: "subscribed", details: { templates: "Pick-up-1", count: 1 } },
  { kind: "unsubscribed", details: { templates: "Pick-up-1", count: 1 } },
  { kind: "merged", details: { from: "p", name: "Man-1" } },
  { kind: "delivery", details: { deliveryId: "d", scene: "Scene-1", channel: "mail", state: "suppressed" } },
  { kind: "operator_reply", details: { deliveryId: "d", text: "Yes-1", by: "Qing-1", state: "delivered" } },
];

describe.for(["zh", "en"] as const)("in %s", (locale) => {
  const said = (kind: string, details: Record<string, unknown> = {}): string =>
    sentenceOf({ kind, details }, speech(locale)).text;

  test.for(entries)("$kind has a sentence of its own", ({ kind, details }) => {
    const text = said(kind, details);
    expect(text).not.toContain("{");
    expect(text).not.toContain("timeline.");
    expect(text).not.toContain(kind === "merged" || kind === "followed" ? "_" : kind);
    const shown = Object.values(details).filter((value) => /-1$|^1380/.test(String(value)));
    for (const value of shown) expect(text).toContain(value);
  });

  test("a picture is named, not quoted", () => {
    expect(said("wrote", { kind: "image" })).not.toContain("image");
    expect(said("wrote", { kind: "hologram" })).toContain("hologram");
  });

  test("a tag of a channel does not name the channel twice", () => {
    expect(said("tag_added", { name: "Poster", sourceName: "Poster" }).match(/Poster/g)).toHaveLength(1);
  });

  test("a tag whose remover left no name was removed all the same", () => {
    expect(said("tag_removed", { name: "VIP", by: "a" })).toContain("VIP");
    expect(said("tag_removed", { name: "VIP", by: "a" })).not.toContain("{");
  });

  test("a delivery that was queued then does not claim to be queued now", () => {
    const queued = messages[locale].messaging.states.ready;
    expect(said("delivery", { scene: "Welcome", channel: "mail", state: "ready" })).not.toContain(queued);
  });

  test("a message to the leader of a channel does not claim to have gone to the person", () => {
    const sentence = said("delivery", { scene: "Welcome", channel: "mail", state: "ready", leader: "阿青" });
    expect(sentence).toContain("阿青");
    expect(sentence).not.toContain("TA");
  });

  test("an answer says whether it arrived", () => {
    const told = (state: string): string => said("operator_reply", { by: "阿青", text: "有的", state });
    expect(new Set(["delivered", "unknown", "failed"].map(told)).size).toBe(3);
    expect(told("suppressed")).toBe(told("failed"));
  });

  test("a kind that nobody has named yet is shown by its name", () => {
    expect(said("danced", { with: "whom" })).toContain("danced");
    expect(said("constructor")).toContain("constructor");
  });
});

test("the examples cover every kind that has a sentence", () => {
  expect(entries.map(({ kind }) => kind).toSorted()).toEqual(Object.keys(timelineKinds).toSorted());
});
