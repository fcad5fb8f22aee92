import { dependency } from "@zhanggui/kit/server/dependency";
import { cron, daily, defineModule, runs } from "@zhanggui/kit/server/module";
import { accessModule } from "../access/access.module.ts";
import { settingsModule } from "../settings/settings.module.ts";
import { files } from "./files.contract.ts";
import { deleteBytes } from "./files.jobs.ts";
import { FilesService } from "./files.service.ts";
import { quotaMegabytes } from "./files.settings.ts";
import { StorageService } from "./storage.service.ts";
import { Upkeep } from "./upkeep.ts";

export const filesModule = defineModule(files, {
  uses: [accessModule, settingsModule],
  services: { files: FilesService, storage: StorageService, upkeep: Upkeep },
  routes: ({ files }) => ({
    list: files.list,
    upload: files.upload,
    download: files.download,
    thumbnail: files.thumbnail,
    link: files.link,
    open: files.open,
    delete: files.delete,
  }),
  settings: [quotaMegabytes],
  jobs: ({ upkeep }) => [runs(deleteBytes, upkeep.deleteBytes)],
  schedules: ({ upkeep }) => ({ purge: cron("17 * * * *", upkeep.purge), sweep: daily("04:07", upkeep.sweep) }),
  extensions: ({ storage }) => ({ storage: dependency({ check: storage.check }) }),
});
