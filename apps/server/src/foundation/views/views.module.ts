import { defineModule, items } from "@zhanggui/kit/server/module";
import { accessModule } from "../access/access.module.ts";
import { views } from "./views.contract.ts";
import { ViewsService } from "./views.service.ts";

export const viewsModule = defineModule(views, {
  uses: [accessModule],
  services: { views: ViewsService },
  routes: ({ views }) => ({
    list: items(views.list),
    create: views.create,
    update: views.update,
    share: views.share,
    delete: views.delete,
  }),
});
