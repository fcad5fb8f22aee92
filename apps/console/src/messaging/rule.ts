import type { Rule as RuleSchema } from "@zhanggui/server/engines/messaging/messaging.contract";
import type { z } from "zod";

export type Rule = z.output<typeof RuleSchema>;
/** The contract's limit of a reply, in characters. */
export const replyLimit = 600;
