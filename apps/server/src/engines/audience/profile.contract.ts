import { notFound } from "@zhanggui/kit/contract/faults";
import { Id } from "@zhanggui/kit/contract/ids";
import type { Permission } from "@zhanggui/kit/contract/permission";
import { route } from "@zhanggui/kit/contract/route";
import { Instant } from "@zhanggui/kit/contract/time";
import { z } from "zod";

/** What WeChat tells of somebody by one openid of theirs. */
const Profile = z
  .object({
    wechatAppId: Id,
    wechatAppName: z.string(),
    openid: z.string(),
    /** What they agreed to tell on a page; null: never. */
    nickname: z.string().nullable(),
    pictureUrl: z.string().nullable(),
    agreedAt: Instant.nullable(),
    followedAt: Instant.nullable(),
    /** WeChat's word, such as `ADD_SCENE_QR_CODE`. */
    followScene: z.string().nullable(),
    language: z.string().nullable(),
    remark: z.string().nullable(),
    fetchedAt: Instant.nullable(),
  })
  .meta({ id: "WechatProfile" });

/** @param read whoever sees people */
export const profileRoutes = (read: Permission) =>
  ({
    listProfiles: route.get("/people/:personId/profiles", {
      summary: "What WeChat tells of a person, by account: when and how they followed, what they agreed to tell",
      access: read,
      params: z.object({ personId: Id }),
      reply: z.object({ items: z.array(Profile) }),
      faults: [notFound],
    }),
  }) as const;
