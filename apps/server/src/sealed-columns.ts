import { kitSealed } from "@zhanggui/kit/server/kit.sealed";
import type { SealedColumn } from "@zhanggui/kit/server/sealed-column";
import { modules } from "./modules.ts";

/** The kit's and every module's columns that hold sealed secrets. */
export async function sealedColumns(): Promise<readonly SealedColumn[]> {
  return [...kitSealed, ...(await Promise.all(modules.map(async ({ sealed }) => sealed?.() ?? []))).flat()];
}
