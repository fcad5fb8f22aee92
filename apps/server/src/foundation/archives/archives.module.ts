import { cron, defineModule, runs } from "@zhanggui/kit/server/module";
import { accessModule } from "../access/access.module.ts";
import { exportsModule } from "../exports/exports.module.ts";
import { filesModule } from "../files/files.module.ts";
import { notificationsModule } from "../notifications/notifications.module.ts";
import { settingsModule } from "../settings/settings.module.ts";
import { archives } from "./archives.contract.ts";
import { deleteParts } from "./archives.jobs.ts";
import { archiveReady, archiveStopped } from "./archives.notifications.ts";
import { ArchivesService } from "./archives.service.ts";
import { keepDays } from "./archives.settings.ts";
import { Packer } from "./packer.ts";
import { stepQueue } from "../work/step-runner.ts";

export const archivesModule = defineModule(archives, {
  uses: [accessModule, exportsModule, filesModule, notificationsModule, settingsModule],
  services: { archives: ArchivesService, packer: Packer },
  routes: ({ archives }) => ({
    list: archives.list,
    create: archives.create,
    get: archives.get,
    pause: archives.pause,
    resume: archives.resume,
    download: archives.download,
    delete: archives.delete,
  }),
  queues: ({ packer }) => ({
    // Putting gigabytes together takes its time.
    step: stepQueue(packer, { concurrency: 2, timeoutMs: 1_800_000 }),
  }),
  jobs: ({ archives }) => [runs(deleteParts, archives.deleteParts)],
  schedules: ({ archives }) => ({ tend: cron("53 * * * *", archives.tend) }),
  settings: [keepDays],
  notifies: [archiveReady, archiveStopped],
});
