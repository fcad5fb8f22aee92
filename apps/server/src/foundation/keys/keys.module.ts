import { authenticator } from "@zhanggui/kit/server/http/caller";
import { defineModule } from "@zhanggui/kit/server/module";
import { actorNames } from "../access/access.service.ts";
import { accessModule } from "../access/access.module.ts";
import { Callers } from "./callers.ts";
import { keys } from "./keys.contract.ts";
import { keepUse } from "./keys.settings.ts";
import { KeysService } from "./keys.service.ts";

export const keysModule = defineModule(keys, {
  uses: [accessModule],
  services: { keys: KeysService, callers: Callers },
  routes: ({ keys }) => ({
    list: keys.list,
    create: keys.create,
    update: keys.update,
    rotate: keys.rotate,
    delete: keys.delete,
    use: keys.use,
  }),
  keeps: [keepUse],
  extensions: ({ keys, callers }) => ({
    keys: authenticator(callers),
    names: actorNames((ctx, ids) => keys.names(ctx, ids)),
  }),
});
