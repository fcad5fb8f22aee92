import { bulkRunner } from "@zhanggui/kit/server/http/bulk-runs";
import { defineModule } from "@zhanggui/kit/server/module";
import { accessModule } from "../access/access.module.ts";
import { notificationsModule } from "../notifications/notifications.module.ts";
import { Runner } from "./runner.ts";
import { work } from "./work.contract.ts";
import { workEnded, workStopped } from "./work.notifications.ts";
import { WorkService } from "./work.service.ts";
import { keepWork } from "./work.settings.ts";
import { stepQueue } from "./step-runner.ts";

export const workModule = defineModule(work, {
  uses: [accessModule, notificationsModule],
  services: { work: WorkService, runner: Runner },
  routes: ({ work }) => ({
    list: work.list,
    get: work.get,
    pause: work.pause,
    resume: work.resume,
    cancel: work.cancel,
  }),
  queues: ({ runner }) => ({ step: stepQueue(runner, { concurrency: 4, waitsWhileReadOnly: true }) }),
  extensions: ({ runner }) => ({ bulk: bulkRunner(runner) }),
  notifies: [workEnded, workStopped],
  keeps: [keepWork],
});
