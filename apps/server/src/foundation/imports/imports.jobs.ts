import { Id } from "@zhanggui/kit/contract/ids";
import { job } from "@zhanggui/kit/server/jobs";
import { z } from "zod";

/** Deletes the rows that were read of an import that has gone. */
export const deleteParts = job("imports.delete_parts", z.object({ importId: Id }), { retryLimit: 20 });
