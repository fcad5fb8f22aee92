import type { Values } from "@zhanggui/forms/values";

/** What something was from one change to the next. */
export type Revision = Values & { readonly version: number; readonly changedBy: string; readonly changedAt: string };
