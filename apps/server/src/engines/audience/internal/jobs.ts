import { Id } from "@zhanggui/kit/contract/ids";
import { job } from "@zhanggui/kit/server/jobs";
import { z } from "zod";

/** Asks WeChat what it tells about a follower: the unionid above all. A read, so it can be repeated. */
export const fetchProfile = job(
  "audience.fetch_profile",
  z.object({ personId: Id, wechatAppId: Id, openid: z.string() }),
  { retryLimit: 8, expireSeconds: 60 },
);
