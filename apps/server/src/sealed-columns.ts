import type { SealedColumn } from "@zhanggui/kit/server/sealed-column";
import { modules } from "./modules.ts";

/** Every module's columns that hold sealed secrets. */
export async function sealedColumns(): Promise<readonly SealedColumn[]> {
  return (await Promise.all(modules.map(async ({ sealed }) => sealed?.() ?? []))).flat();
}
