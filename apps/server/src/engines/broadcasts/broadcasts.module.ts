import { cron, defineModule, items, on, queue } from "@zhanggui/kit/server/module";
import { accessModule } from "../../foundation/access/access.module.ts";
import { audienceModule } from "../audience/audience.module.ts";
import { massFinished } from "../connect/connect.events.ts";
import { connectModule } from "../connect/connect.module.ts";
import { materialsModule } from "../materials/materials.module.ts";
import { broadcasts } from "./broadcasts.contract.ts";
import { BroadcastsService } from "./broadcasts.service.ts";
import { Reports } from "./reports.ts";
import { attemptLimit, Sending } from "./sending.ts";

export const broadcastsModule = defineModule(broadcasts, {
  uses: [accessModule, connectModule, audienceModule, materialsModule],
  services: { broadcasts: BroadcastsService, sending: Sending, reports: Reports },
  routes: ({ broadcasts, sending }) => ({
    list: broadcasts.list,
    get: broadcasts.get,
    wechatTags: items(broadcasts.wechatTags),
    create: broadcasts.create,
    update: broadcasts.update,
    delete: broadcasts.delete,
    preview: sending.preview,
    count: sending.count,
    send: sending.send,
    resend: sending.resend,
    takeDown: sending.takeDown,
  }),
  handlers: ({ reports }) => ({ take_report: on(massFinished, reports.receive) }),
  queues: ({ sending }) => ({
    parts: queue({
      effect: "outside",
      // It reaches people.
      waitsWhileReadOnly: true,
      concurrency: 2,
      timeoutMs: 60_000,
      attempts: attemptLimit,
      begin: sending.begin,
      run: sending.run,
      settle: sending.settle,
    }),
  }),
  schedules: ({ reports }) => ({ ask_results: cron("*/5 * * * *", reports.poll) }),
});
