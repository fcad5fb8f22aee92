import { knows } from "@zhanggui/kit/server/http/imported-rows";
import { defineModule } from "@zhanggui/kit/server/module";
import { accessModule } from "../access/access.module.ts";
import { settingsModule } from "../settings/settings.module.ts";
import { links } from "./links.contract.ts";
import { LinksService } from "./links.service.ts";
import { allowedDomains, keepClicks, reuseMinutes } from "./links.settings.ts";
import { Opening } from "./opening.ts";

export const linksModule = defineModule(links, {
  uses: [accessModule, settingsModule],
  services: { links: LinksService, opening: Opening },
  routes: ({ links, opening }) => ({
    list: links.list,
    create: links.create,
    update: links.update,
    delete: links.delete,
    clicks: links.clicks,
    open: opening.open,
    unlock: opening.open,
  }),
  extensions: ({ links: service }) => ({ known: knows(links.create, service.idOf) }),
  settings: [reuseMinutes, allowedDomains],
  keeps: [keepClicks],
});
