import { Id } from "@zhanggui/kit/contract/ids";
import { job } from "@zhanggui/kit/server/jobs";
import { z } from "zod";

/** Deletes the parts of an export that has gone. */
export const deleteParts = job("exports.delete_parts", z.object({ exportId: Id }), { retryLimit: 20 });
