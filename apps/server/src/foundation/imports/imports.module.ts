import { cron, defineModule, runs } from "@zhanggui/kit/server/module";
import { accessModule } from "../access/access.module.ts";
import { filesModule } from "../files/files.module.ts";
import { notificationsModule } from "../notifications/notifications.module.ts";
import { settingsModule } from "../settings/settings.module.ts";
import { imports } from "./imports.contract.ts";
import { deleteParts } from "./imports.jobs.ts";
import { importEnded, importStopped } from "./imports.notifications.ts";
import { ImportsService } from "./imports.service.ts";
import { keepDays, maxMegabytes, maxRows } from "./imports.settings.ts";
import { Batches } from "./internal/batches.ts";
import { Reader } from "./internal/reader.ts";
import { Runner } from "./runner.ts";
import { Targets } from "./targets.ts";
import { stepQueue } from "../work/step-runner.ts";

export const importsModule = defineModule(imports, {
  uses: [accessModule, filesModule, notificationsModule, settingsModule],
  services: { imports: ImportsService, targets: Targets, batches: Batches, reader: Reader, runner: Runner },
  routes: ({ imports, targets }) => ({
    listTargets: targets.list,
    template: targets.template,
    list: imports.list,
    create: imports.create,
    get: imports.get,
    preview: imports.preview,
    check: imports.check,
    run: imports.run,
    pause: imports.pause,
    resume: imports.resume,
    cancel: imports.cancel,
    errors: imports.errors,
    delete: imports.delete,
  }),
  queues: ({ runner }) => ({
    // A workbook of a hundred megabytes takes its time to read.
    step: stepQueue(runner, { concurrency: 2, timeoutMs: 1_800_000, waitsWhileReadOnly: true }),
  }),
  jobs: ({ imports }) => [runs(deleteParts, imports.deleteParts)],
  schedules: ({ imports }) => ({ tend: cron("43 * * * *", imports.tend) }),
  settings: [maxMegabytes, maxRows, keepDays],
  notifies: [importEnded, importStopped],
});
