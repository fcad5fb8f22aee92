import { daily, defineModule, items, runs } from "@zhanggui/kit/server/module";
import { accessModule } from "../../foundation/access/access.module.ts";
import { filesModule } from "../../foundation/files/files.module.ts";
import { connectModule } from "../connect/connect.module.ts";
import { Library } from "./library.ts";
import { materials } from "./materials.contract.ts";
import { readLibrary } from "./materials.jobs.ts";
import { MaterialsService } from "./materials.service.ts";

export const materialsModule = defineModule(materials, {
  uses: [accessModule, filesModule, connectModule],
  services: { materials: MaterialsService, library: Library },
  routes: ({ materials, library }) => ({
    list: materials.list,
    syncs: items(library.syncs),
    sync: library.sync,
    upload: materials.upload,
    picture: materials.picture,
    delete: materials.delete,
  }),
  jobs: ({ library }) => [runs(readLibrary, library.read)],
  schedules: ({ library }) => ({ sync_all: daily("19:23", library.syncAll) }),
});
