import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { openTeaShop, type TeaShop } from "../../testing/tea-shop.ts";

let tea: TeaShop;
let personId: string;
const phone = "13800004321";
const mail = "xiaoman@lantern-tea.example";
beforeAll(async () => {
  tea = await openTeaShop(inject("clusterUrl"));
  const puppet = tea.emulator.world.createPuppet();
  await tea.emulator.world.scan(puppet.id, { code: tea.bound.channel.ticket });
  await tea.settle();
  const { openid } = tea.emulator.world.chat(puppet.id, tea.bound.appid);
  const { items } = await tea.owner.api.audience.listPeople({ search: openid });
  personId = items[0]!.id;
  await tea.owner.api.audience.updatePerson({ personId, phone });
  await tea.owner.api.audience.updatePerson({ personId, mail });
});
afterAll(() => tea.close());

const ids = async (search: string, api = tea.owner.api): Promise<string[]> =>
  (await api.audience.listPeople({ search })).items.map(({ id }) => id);

test("people are found by the end of their phone number, and by how their mail address or openid begins", async () => {
  const { identities } = await tea.owner.api.audience.getPerson({ personId });
  const openid = identities.find(({ kind }) => kind === "openid")!.value;
  for (const part of ["4321", "00004321", phone, "1380000", "xiao", "xiaoman@lantern", mail, openid.slice(0, 20)])
    expect(await ids(part), part).toEqual([personId]);
  // Three digits end too many numbers, and no part stands for anything.
  for (const part of ["321", "man@", "%%%%", "____"]) expect(await ids(part), part).toEqual([]);
  const stranger = await tea.server.asOwner();
  expect(await ids(phone, stranger.api)).toEqual([]);
});

test("whoever may not see contact details meets them nowhere, finds nobody by them and can't send any", async () => {
  const { api } = await tea.server.asHolderOf(["audience:read", "audience:write"], tea.owner);
  const { items } = await api.audience.listPeople({});
  expect(items.find(({ id }) => id === personId)).toMatchObject({ phone: null, mail: null });
  const seen = [await api.audience.getPerson({ personId }), await api.audience.timeline({ personId })];
  expect(JSON.stringify(seen)).not.toMatch(/4321|xiaoman/);
  for (const part of [phone, "4321", mail, "xiaoman"]) expect(await ids(part, api), part).toEqual([]);
  await expect(api.audience.updatePerson({ personId, phone: "13900000000" })).rejects.toMatchObject({
    problem: { status: 400, errors: [{ field: "phone" }] },
  });
  expect(await api.audience.updatePerson({ personId, displayName: "小满" })).toMatchObject({ displayName: "小满" });
  expect(await tea.owner.api.audience.getPerson({ personId })).toMatchObject({ phone, mail });
});
