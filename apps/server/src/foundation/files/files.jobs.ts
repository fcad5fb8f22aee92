import { Id } from "@zhanggui/kit/contract/ids";
import { job } from "@zhanggui/kit/server/jobs";
import { z } from "zod";

/** Deletes bytes whose row has gone. */
export const deleteBytes = job("files.delete_bytes", z.object({ fileIds: z.array(Id) }), { retryLimit: 20 });
