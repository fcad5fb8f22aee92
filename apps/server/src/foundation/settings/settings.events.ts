import { event } from "@zhanggui/kit/contract/event";
import { z } from "zod";

/** Somebody changed a setting. The value is not told: whoever needs it reads it hot. */
export const settingChanged = event("settings.changed.v1", z.object({ key: z.string(), version: z.int() }));
