import { z } from "zod";
import { assertBetween, Done, get, idempotent, post, read } from "../call.ts";
import { OpenidPage } from "./users.ts";

const page = "doc/service/en/User_Management/User_Tag_Management";

/** Tags of an account, bytes of a name, openids of one call, tags of a follower. */
export const tagLimits = { perAccount: 100, nameBytes: 30, batch: 50, perUser: 20 } as const;

/** Ids 0 to 2 are WeChat's own; nobody may change them. */
export const tags = get("/cgi-bin/tags/get", {
  page,
  effect: read,
  reply: z
    .object({ tags: z.array(z.object({ id: z.number(), name: z.string(), count: z.number() })) })
    .transform((answer) => answer.tags),
});

export const createTag = post("/cgi-bin/tags/create", {
  page,
  effect: {
    kind: "queryable",
    // A name belongs to one tag at most.
    find: async (ask, { name }: { name: string }) => (await ask(tags)).find((tag) => tag.name === name),
  },
  request({ name }: { name: string }) {
    assertBetween("the name's bytes", Buffer.byteLength(name), 1, tagLimits.nameBytes);
    return { body: { tag: { name } } };
  },
  reply: z
    .object({ tag: z.object({ id: z.number(), name: z.string() }) })
    .transform(({ tag }): { id: number; name: string } => tag),
});

export const renameTag = post("/cgi-bin/tags/update", {
  page,
  effect: idempotent(),
  request({ id, name }: { id: number; name: string }) {
    assertBetween("the name's bytes", Buffer.byteLength(name), 1, tagLimits.nameBytes);
    return { body: { tag: { id, name } } };
  },
  reply: Done,
});

/** One that more than 100,000 followers have is refused (45057). */
export const deleteTag = post("/cgi-bin/tags/delete", {
  page,
  effect: idempotent(45159),
  request: ({ id }: { id: number }) => ({ body: { tag: { id } } }),
  reply: Done,
});

/** The openids of the followers who have a tag, ten thousand a page. */
export const taggedUsers = post("/cgi-bin/user/tag/get", {
  page,
  effect: read,
  request: ({ id, after = "" }: { id: number; after?: string | undefined }) => ({
    body: { tagid: id, next_openid: after },
  }),
  reply: OpenidPage,
});

const membersRequest = ({ id, openids }: { id: number; openids: readonly string[] }) => {
  assertBetween("the number of openids", openids.length, 1, tagLimits.batch);
  return { body: { tagid: id, openid_list: openids } };
};

/** All or none. 45159 is also what WeChat says when two calls tag one user at once. */
export const tagUsers = post("/cgi-bin/tags/members/batchtagging", {
  page,
  effect: idempotent(),
  request: membersRequest,
  reply: Done,
});

export const untagUsers = post("/cgi-bin/tags/members/batchuntagging", {
  page,
  effect: idempotent(),
  request: membersRequest,
  reply: Done,
});

export const tagsOfUser = post("/cgi-bin/tags/getidlist", {
  page,
  effect: read,
  request: ({ openid }: { openid: string }) => ({ body: { openid } }),
  reply: z.object({ tagid_list: z.array(z.number()) }).transform(({ tagid_list }) => tagid_list),
});
