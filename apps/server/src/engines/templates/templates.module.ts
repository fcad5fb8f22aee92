import { daily, defineModule, items } from "@zhanggui/kit/server/module";
import { accessModule } from "../../foundation/access/access.module.ts";
import { connectModule } from "../connect/connect.module.ts";
import { templates } from "./templates.contract.ts";
import { TemplatesService } from "./templates.service.ts";

export const templatesModule = defineModule(templates, {
  uses: [accessModule, connectModule],
  services: { templates: TemplatesService },
  routes: ({ templates }) => ({
    list: templates.list,
    sync: items(templates.sync),
    categories: items(templates.categories),
    titles: templates.titles,
    keywords: items(templates.keywords),
    add: items(templates.add),
    delete: templates.delete,
  }),
  schedules: ({ templates }) => ({ sync_all: daily("19:41", templates.syncAll) }),
});
