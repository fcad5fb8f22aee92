import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { openTestServer, type Member, type TestServer } from "../../testing/test-server.ts";

const dayMs = 86_400_000;
let server: TestServer;
let platform: Member;
let owner: Member;
beforeAll(async () => {
  server = await openTestServer(inject("clusterUrl"));
  platform = await server.asPlatformOwner();
  owner = await server.asOwner();
});
afterAll(() => server.close());

const titles = async ({ api }: Member): Promise<string[]> =>
  (await api.notifications.list({})).items.map(({ title }) => title.en).toReversed();

test("30, 7 and 1 days before, and at the end, those who look after the plan and the platform are told, once each", async () => {
  const clerk = await server.as("operator", owner);
  const { tenantId } = owner;
  const expiresAt = new Date(server.clock.now().getTime() + 31.5 * dayMs);
  await platform.api.tenants.update({ tenantId, expiresAt: expiresAt.toISOString() });
  // Every half day, twice: two workers, or a run that is repeated.
  for (let half = 0; half < 2 * 33; half += 1) {
    await server.runtime.runSchedule("tenants.tell_of_ends");
    await server.runtime.runSchedule("tenants.tell_of_ends");
    server.clock.advance(dayMs / 2);
  }
  const told = await titles(owner);
  expect(told.map((title) => /left: (\d+)/.exec(title)?.[1] ?? "over")).toEqual(["30", "7", "1", "over"]);
  expect((await titles(platform)).filter((title) => title.includes("Lantern Tea"))).toHaveLength(4);
  expect(await titles(clerk)).toEqual([]);
  // Renewed, it has other moments.
  const renewed = new Date(server.clock.now().getTime() + 6 * dayMs);
  await platform.api.tenants.update({ tenantId, expiresAt: renewed.toISOString() });
  await server.runtime.runSchedule("tenants.tell_of_ends");
  expect(await titles(owner)).toHaveLength(5);
});
