import { z } from "zod";
import type { Account, Tag } from "../world/model.ts";
import type { State } from "../world/state.ts";
import { accountOf, bondOf, json, numberOf, objectOf, okAnswer, pageOfUsers, textOf, textsOf } from "./answers.ts";
import { Refusal } from "./errcodes.ts";
import { tagRules } from "./limits.ts";
import type { ApiCall, ApiRoute } from "./route.ts";

const page = "doc/service/en/User_Management/User_Tag_Management";
/** WeChat's own, which nobody may change: 2 is the starred ones. */
const reservedIds: readonly number[] = [0, 1, 2];
const starred: Tag = { id: 2, name: "星标组" };
const common = { page, access: "token", right: "users" } as const;
const TagBody = z.strictObject({ tag: z.strictObject({ id: z.number().optional(), name: z.string().optional() }) });
const MembersBody = z.strictObject({ openid_list: z.array(z.string()), tagid: z.number() });

export const tagRoutes: readonly ApiRoute[] = [
  {
    ...common,
    method: "POST",
    path: "/cgi-bin/tags/create",
    says: "Makes a tag.",
    perDay: 1_000,
    body: TagBody,
    rules: [tagRules.perAccount, tagRules.nameBytes],
    errcodes: [45157],
    handle(state, call) {
      const account = accountOf(call);
      const name = newName(state, account, call, null);
      state.rules.within(tagRules.perAccount, account.tags.length + 1);
      // The first that an account makes is 100.
      const tag: Tag = { id: 99 + state.count(`${account.appid} tag`), name };
      account.tags.push(tag);
      state.tell({ type: "world" });
      return json({ tag });
    },
  },
  {
    ...common,
    method: "GET",
    path: "/cgi-bin/tags/get",
    says: "Lists the account's tags and how many followers have each.",
    perDay: 1_000,
    handle(state, call) {
      const account = accountOf(call);
      const counts = new Map<number, number>();
      for (const { following, tagIds } of state.bonds.of(account).values())
        if (following) for (const id of tagIds) counts.set(id, (counts.get(id) ?? 0) + 1);
      return json({ tags: [starred, ...account.tags].map((tag) => ({ ...tag, count: counts.get(tag.id) ?? 0 })) });
    },
  },
  {
    ...common,
    method: "POST",
    path: "/cgi-bin/tags/update",
    says: "Renames a tag.",
    perDay: 1_000,
    body: TagBody,
    rules: [tagRules.nameBytes],
    errcodes: [45058, 45157, 45159],
    handle(state, call) {
      const account = accountOf(call);
      const tag = ownTag(account, tagId(call));
      tag.name = newName(state, account, call, tag);
      state.tell({ type: "world" });
      return okAnswer;
    },
  },
  {
    ...common,
    method: "POST",
    path: "/cgi-bin/tags/delete",
    says: "Deletes a tag that not too many followers have.",
    perDay: 1_000,
    body: TagBody,
    rules: [tagRules.fansToDelete],
    errcodes: [45058, 45159],
    handle(state, call) {
      const account = accountOf(call);
      const tag = ownTag(account, tagId(call));
      state.rules.within(tagRules.fansToDelete, state.withTag(account, tag.id).length);
      // Off those who left, too: they may come back.
      for (const bond of state.bonds.of(account).values())
        if (bond.tagIds.includes(tag.id)) bond.tagIds = bond.tagIds.filter((id) => id !== tag.id);
      account.tags = account.tags.filter((other) => other !== tag);
      state.tell({ type: "world" });
      return okAnswer;
    },
  },
  {
    ...common,
    // "GET" on the page; every client sends its JSON by POST, which is what works.
    method: "POST",
    path: "/cgi-bin/user/tag/get",
    says: "Lists the openids of the followers who have a tag.",
    perDay: 1_000,
    body: z.strictObject({ tagid: z.number(), next_openid: z.string().optional() }),
    rules: [tagRules.page],
    errcodes: [40003, 45159],
    handle(state, call) {
      const account = accountOf(call);
      const id = existingTag(account, numberOf(call.body, "tagid"));
      const after = textOf(call.body, "next_openid") ?? "";
      const users = state.withTag(account, id);
      const { total: _, ...answer } = pageOfUsers(users, after, state.rules.number(tagRules.page));
      return json(answer);
    },
  },
  tagging("/cgi-bin/tags/members/batchtagging", "Gives followers a tag.", true),
  tagging("/cgi-bin/tags/members/batchuntagging", "Takes a tag off followers.", false),
  {
    ...common,
    method: "POST",
    path: "/cgi-bin/tags/getidlist",
    says: "Lists a follower's tags.",
    perDay: 1_000,
    body: z.strictObject({ openid: z.string() }),
    errcodes: [40003, 49003],
    handle(state, call) {
      return json({ tagid_list: bondOf(state, accountOf(call), textOf(call.body, "openid") ?? "").tagIds });
    },
  },
];

function tagging(path: string, says: string, isGiven: boolean): ApiRoute {
  return {
    ...common,
    method: "POST",
    path,
    says,
    perDay: 100_000,
    body: MembersBody,
    rules: isGiven ? [tagRules.batch, tagRules.perUser] : [tagRules.batch],
    errcodes: [40003, 45159, 49003],
    handle(state, call) {
      const account = accountOf(call);
      const openids = textsOf(call.body, "openid_list", 40003);
      state.rules.within(tagRules.batch, openids.length);
      const id = existingTag(account, numberOf(call.body, "tagid"));
      const bonds = openids.map((openid) => bondOf(state, account, openid));
      // All or none: whoever has too many is found before anybody is touched.
      const changed = bonds.filter((bond) => bond.tagIds.includes(id) !== isGiven);
      for (const bond of changed) if (isGiven) state.rules.within(tagRules.perUser, bond.tagIds.length + 1);
      for (const bond of changed) {
        if (!isGiven) bond.tagIds = bond.tagIds.filter((other) => other !== id);
        else if (!bond.tagIds.includes(id)) bond.tagIds = [...bond.tagIds, id];
      }
      state.tell({ type: "world" });
      return okAnswer;
    },
  };
}

function tagId(call: ApiCall): number {
  const id = numberOf(objectOf(call.body, "tag") ?? {}, "id");
  if (id === null) throw new Refusal(45159);
  return id;
}

function ownTag(account: Account, id: number): Tag {
  if (reservedIds.includes(id)) throw new Refusal(45058);
  const tag = account.tags.find((each) => each.id === id);
  if (tag === undefined) throw new Refusal(45159);
  return tag;
}

/** A tag that followers may have: the account's own, or the starred. @throws Refusal 45159 */
export function existingTag(account: Account, id: number | null): number {
  if (id !== null && (id === starred.id || account.tags.some((each) => each.id === id))) return id;
  throw new Refusal(45159);
}

function newName(state: State, account: Account, call: ApiCall, tag: Tag | null): string {
  const name = textOf(objectOf(call.body, "tag") ?? {}, "name") ?? "";
  state.rules.within(tagRules.nameBytes, Buffer.byteLength(name));
  if ([starred, ...account.tags].some((other) => other !== tag && other.name === name)) throw new Refusal(45157);
  return name;
}
