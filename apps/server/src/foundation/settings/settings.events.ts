import { event } from "@zhanggui/kit/contract/event";
import { settingLevels } from "@zhanggui/kit/contract/setting";
import { z } from "zod";

/** Somebody changed a setting. The value is not told: whoever needs it reads it hot. */
export const settingChanged = event(
  "settings.changed.v1",
  z.object({
    key: z.string(),
    version: z.int(),
    level: z.enum(settingLevels).default("tenant"),
    /** Which app, which store; empty elsewhere. */
    scopeId: z.string().default(""),
  }),
);
