import { fixturesOf } from "../../testing/every-route.ts";
import { archives } from "./archives.contract.ts";

export const fixtures = fixturesOf(archives)(async ({ owner, server }) => {
  const stream = Buffer.from("tea");
  const { id } = await owner.api.files.upload({ name: "tea.txt", stream, contentType: "text/plain" });
  const create = { name: "tea", fileIds: [id] };
  const ids = [];
  for (let count = 0; count < 4; count += 1) ids.push((await owner.api.archives.create(create)).id);
  const [done = "", toPause = "", paused = "", toDelete = ""] = ids;
  await server.runUntilIdle();
  // Nothing is queued for them any more: they stand still.
  await server.runtime.ctx(owner.tenantId).sql`
    UPDATE archives_archive SET state = CASE id WHEN ${paused}::uuid THEN 'paused' ELSE 'running' END
    WHERE id = ANY (${[toPause, paused]}::uuid[])`;
  return {
    list: {},
    create,
    get: { archiveId: done },
    pause: { archiveId: toPause },
    resume: { archiveId: paused },
    download: { archiveId: done },
    delete: { archiveId: toDelete },
  };
});
