import { daily, defineModule } from "@zhanggui/kit/server/module";
import { accessModule } from "../access/access.module.ts";
import { settingsModule } from "../settings/settings.module.ts";
import { LogKeeper } from "./keeper.ts";
import { logs } from "./logs.contract.ts";
import { LogsService } from "./logs.service.ts";
import { keepLogs } from "./logs.settings.ts";

export const logsModule = defineModule(logs, {
  uses: [accessModule, settingsModule],
  services: { logs: LogsService, keeper: LogKeeper },
  routes: ({ logs }) => ({ list: logs.list }),
  schedules: ({ keeper }) => ({ tend: daily("00:07", keeper.tend) }),
  settings: [keepLogs],
});
