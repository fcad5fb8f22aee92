import { createReadStream } from "node:fs";
import type { FastifyInstance } from "fastify";
import { z } from "zod";
import { SnapshotName } from "../world/inputs.ts";
import type { World } from "../world/world.ts";

const Params = z.object({ name: SnapshotName });

/** The world under a name: kept, brought back, thrown away. */
export function serveSnapshots(app: FastifyInstance, world: World): void {
  app.get("/emulator/snapshots", async () => ({ snapshots: await world.snapshots() }));
  app.put("/emulator/snapshots/:name", ({ params }) => world.takeSnapshot(Params.parse(params).name));
  app.post("/emulator/snapshots/:name/restore", ({ params }) => world.restoreSnapshot(Params.parse(params).name));
  app.get("/emulator/snapshots/:name", async ({ params }, reply) => {
    const path = await world.kept.path(Params.parse(params).name);
    return reply.type("application/json").send(createReadStream(path));
  });
  app.delete("/emulator/snapshots/:name", async ({ params }) => {
    await world.removeSnapshot(Params.parse(params).name);
    return {};
  });
}
