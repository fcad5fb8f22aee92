import { dependency } from "@zhanggui/kit/server/dependency";
import { cron, daily, defineModule, runs } from "@zhanggui/kit/server/module";
import { limitedBy, measured } from "@zhanggui/kit/server/plan-limits";
import { accessModule } from "../access/access.module.ts";
import { settingsModule } from "../settings/settings.module.ts";
import { files } from "./files.contract.ts";
import { deleteBytes } from "./files.jobs.ts";
import { FilesService } from "./files.service.ts";
import { megabytesLimit } from "./files.limits.ts";
import { quotaMegabytes } from "./files.settings.ts";
import { Scanner } from "./scanner.ts";
import { StorageService } from "./storage.service.ts";
import { Uploads } from "./uploads.ts";
import { Upkeep } from "./upkeep.ts";

export const filesModule = defineModule(files, {
  uses: [accessModule, settingsModule],
  services: { files: FilesService, storage: StorageService, upkeep: Upkeep, scanner: Scanner, uploads: Uploads },
  routes: ({ files, uploads }) => ({
    list: files.list,
    upload: files.upload,
    beginUpload: uploads.begin,
    getUpload: uploads.state,
    sendUpload: uploads.send,
    endUpload: uploads.end,
    download: files.download,
    thumbnail: files.thumbnail,
    link: files.link,
    open: files.open,
    delete: files.delete,
  }),
  settings: [quotaMegabytes],
  jobs: ({ upkeep }) => [runs(deleteBytes, upkeep.deleteBytes)],
  schedules: ({ upkeep }) => ({ purge: cron("17 * * * *", upkeep.purge), sweep: daily("04:07", upkeep.sweep) }),
  extensions: ({ files, storage }) => ({
    storage: dependency({ check: storage.check }),
    megabytes: measured(limitedBy(megabytesLimit, files.megabytes)),
  }),
});
