import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { openTeaShop, type TeaShop } from "../../testing/tea-shop.ts";

let tea: TeaShop;
beforeAll(async () => {
  tea = await openTeaShop(inject("clusterUrl"));
});
afterAll(() => tea.close());

test("where a mail to a customer went is told to nobody who may not see contact details", async () => {
  const { api } = tea.owner;
  const scene = await api.messaging.createScene({
    name: "问候",
    trigger: "audience.channel_entered.v1",
    items: [{ channel: "mail", to: "person", subject: "欢迎", text: "{{ person.displayName }}" }],
    enabled: true,
  });
  const puppet = tea.emulator.world.createPuppet();
  await tea.emulator.world.scan(puppet.id, { code: tea.bound.channel.ticket });
  await tea.settle();
  const { openid } = tea.emulator.world.chat(puppet.id, tea.bound.appid);
  const [person] = (await api.audience.listPeople({ search: openid })).items;
  const personId = person!.id;
  await api.audience.updatePerson({ personId, mail: "he@lantern-tea.example" });
  await tea.emulator.world.scan(puppet.id, { code: tea.bound.channel.ticket });
  await tea.settle();

  const told = async ({ api, accessToken }: { api: TeaShop["owner"]["api"]; accessToken: string }) => {
    const query = { personId, sceneId: scene.id };
    const { items } = await api.messaging.listDeliveries(query);
    const headers = { authorization: `Bearer ${accessToken}`, accept: "text/csv" };
    const columns = "columns=to&columns=recipient&columns=reason";
    const file = await fetch(`${tea.server.url}/api/deliveries?personId=${personId}&${columns}`, { headers });
    return JSON.stringify([
      items,
      await api.messaging.getDelivery({ deliveryId: items[0]!.id }),
      (await api.audience.timeline({ personId })).items,
      await file.text(),
    ]);
  };
  const colleague = await tea.server.asHolderOf(["messaging:read", "audience:read"], tea.owner);
  expect((await told(tea.owner)).split("he@lantern-tea.example").length).toBeGreaterThan(8);
  const seen = await told(colleague);
  expect(seen).not.toContain("he@lantern-tea.example");
  // The leader of a channel is a colleague, whose address stands with the channel.
  expect(seen).toContain("qing@lantern-tea.example");
  expect(seen).toContain("It will be sent to ••••.");
});
