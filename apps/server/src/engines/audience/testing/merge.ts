import type { TestServer } from "../../../testing/test-server.ts";
import { Merges } from "../internal/merges.ts";

/** As if both had turned out to be one person: the second becomes the first. */
export async function mergePeople(
  { app, runtime }: TestServer,
  tenantId: string,
  survivorId: string,
  mergedId: string,
): Promise<void> {
  await runtime.ctx(tenantId).tx((ctx) => app.get(Merges).merge(ctx, survivorId, mergedId));
}
