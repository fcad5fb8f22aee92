import { cron, defineModule, runs } from "@zhanggui/kit/server/module";
import { accessModule } from "../access/access.module.ts";
import { filesModule } from "../files/files.module.ts";
import { notificationsModule } from "../notifications/notifications.module.ts";
import { settingsModule } from "../settings/settings.module.ts";
import { exports } from "./exports.contract.ts";
import { deleteParts } from "./exports.jobs.ts";
import { exportReady, exportStopped } from "./exports.notifications.ts";
import { ExportsService } from "./exports.service.ts";
import { keepDays } from "./exports.settings.ts";
import { Maker } from "./maker.ts";
import { stepQueue } from "../work/step-runner.ts";

export const exportsModule = defineModule(exports, {
  uses: [accessModule, filesModule, notificationsModule, settingsModule],
  services: { exports: ExportsService, maker: Maker },
  routes: ({ exports }) => ({
    list: exports.list,
    create: exports.create,
    get: exports.get,
    pause: exports.pause,
    resume: exports.resume,
    download: exports.download,
    delete: exports.delete,
  }),
  queues: ({ maker }) => ({
    // Putting gigabytes together takes its time.
    step: stepQueue(maker, { concurrency: 2, timeoutMs: 1_800_000 }),
  }),
  jobs: ({ exports }) => [runs(deleteParts, exports.deleteParts)],
  schedules: ({ exports }) => ({ tend: cron("37 * * * *", exports.tend) }),
  settings: [keepDays],
  notifies: [exportReady, exportStopped],
});
