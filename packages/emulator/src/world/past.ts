import type { z } from "zod";
import { customMessageRules } from "../wechat/limits.ts";
import type { PastInput } from "./inputs.ts";
import type { Account, Bond } from "./model.ts";
import { createPuppet } from "./people.ts";
import type { State } from "./state.ts";

/** Shared: a credit is replaced as a whole. */
const none = { left: 0, until: 0 };

/** Makes the puppets that aren't there yet, and their bonds with the account as they are said to be. */
export function remember(
  state: State,
  account: Account,
  { bonds }: z.output<typeof PastInput>,
): Pick<Bond, "puppetId" | "openid" | "unionid">[] {
  return bonds.map(({ puppet, following, followedAt, scene, chat }) => {
    const bond = state.bond(account, state.puppets.get(puppet.id) ?? createPuppet(state, puppet));
    const last = chat.findLast(({ from }) => from === "puppet")?.at;
    const count = state.rules.number(customMessageRules.messageCount);
    const seconds = state.rules.number(customMessageRules.messageSeconds);
    const mayAnswer = following && last !== undefined;
    Object.assign(bond, {
      following,
      followedAt,
      subscribeScene: scene === undefined ? "ADD_SCENE_SEARCH" : "ADD_SCENE_QR_CODE",
      qrSceneText: scene ?? "",
      credit: mayAnswer ? { left: count, until: last + seconds * 1000 } : none,
      chat: chat.map((entry) => ({ id: state.nextId("chat"), ...entry })),
    } satisfies Partial<Bond>);
    const { puppetId, openid, unionid } = bond;
    return { puppetId, openid, unionid };
  });
}
