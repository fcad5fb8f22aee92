import { fixturesOf } from "../../testing/every-route.ts";
import { imports } from "./imports.contract.ts";

const csv = "目标地址,自定义后缀\nhttps://lantern-tea.example/1,spring-one\nnowhere,?\n";
const mapping = ["url", "slug"];

export const fixtures = fixturesOf(imports)(async ({ owner, server }) => {
  const { api } = owner;
  const upload = async () =>
    (await api.files.upload({ name: "links.csv", stream: Buffer.from(csv), contentType: "text/csv" })).id;
  const begin = async () => (await api.imports.create({ target: "links.create", fileId: await upload() })).id;
  const ids = [];
  for (let count = 0; count < 7; count += 1) ids.push(await begin());
  const [read = "", toCheck = "", toRun = "", toPause = "", paused = "", toCancel = "", toDelete = ""] = ids;
  const fileId = await upload();
  await server.runUntilIdle();
  await api.imports.check({ importId: toRun, mapping });
  await server.runUntilIdle();
  // These stand still: nothing is queued for them any more.
  const ctx = server.runtime.ctx(owner.tenantId);
  await ctx.sql`UPDATE imports_import SET state = CASE id WHEN ${paused}::uuid THEN 'paused' ELSE 'running' END
    WHERE id = ANY (${[toPause, paused, toCancel]}::uuid[])`;
  await ctx.sql`UPDATE imports_import SET failed = 1, mapping = '["url", "slug"]' WHERE id = ${read}::uuid`;
  await ctx.sql`INSERT INTO imports_failure (import_id, row, errors)
    VALUES (${read}::uuid, 3, '[{"column": 0, "text": {"zh": "不是网址", "en": "no address"}}]')`;
  await ctx.sql`INSERT INTO imports_key (import_id, key) VALUES (${read}::uuid, 'a row')`;
  return {
    listTargets: {},
    template: { target: "links.create" },
    list: {},
    create: { target: "links.create", fileId },
    get: { importId: read },
    preview: { importId: read, mapping },
    check: { importId: toCheck, mapping },
    run: { importId: toRun },
    pause: { importId: toPause },
    resume: { importId: paused },
    cancel: { importId: toCancel },
    errors: { importId: read },
    delete: { importId: toDelete },
  };
});
