import { Id } from "@zhanggui/kit/contract/ids";
import { job } from "@zhanggui/kit/server/jobs";
import { z } from "zod";

/** Reads an account's library. WeChat gives twenty things a call, of a hundred thousand at most. */
export const readLibrary = job("materials.read_library", z.object({ wechatAppId: Id }), {
  concurrency: 2,
  expireSeconds: 1_800,
  // Later and later: an hour and a half in all. Then the night reads it.
  retryLimit: 5,
  retryDelaySeconds: 180,
});

/** Makes a mini-program's card, or looks whether it is still there. */
export const makeCard = job("materials.make_card", z.object({ cardId: Id }), {
  concurrency: 2,
  expireSeconds: 120,
  retryLimit: 5,
  retryDelaySeconds: 180,
});
