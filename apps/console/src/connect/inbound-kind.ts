import { connect } from "@zhanggui/server/engines/connect/connect.contract";
import { choiceLabel, fieldOf } from "../list/fields.ts";

const field = fieldOf(connect.listInbound, "kind");

/** What came in, in words: `event:subscribe` → 关注. */
export const kindLabel = (kind: string): string => choiceLabel(field, kind);
