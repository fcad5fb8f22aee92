import { fixturesOf } from "../../testing/every-route.ts";
import { links } from "./links.contract.ts";

export const fixtures = fixturesOf(links)(async ({ server, owner }) => {
  const old = await owner.api.links.create({ url: "https://lantern-tea.example/winter" });
  const { id: linkId, shortUrl } = await owner.api.links.create({ url: "https://lantern-tea.example/spring" });
  await fetch(server.url + new URL(shortUrl).pathname, { redirect: "manual" });
  return {
    list: {},
    create: { url: "https://lantern-tea.example/autumn" },
    update: { linkId, title: "春茶" },
    clicks: { linkId },
    delete: { linkId: old.id },
  };
});
