import { Injectable } from "@nestjs/common";
import { Runtime } from "@zhanggui/kit/server/runtime";
import { SettingsService } from "../settings/settings.service.ts";
import { metricsToken } from "./operations.settings.ts";

/** What opens `/metrics` besides the environment's token. */
@Injectable()
export class MetricsToken {
  constructor(
    private readonly settings: SettingsService,
    private readonly runtime: Runtime,
  ) {}

  /** Null until somebody has set it. */
  read(): Promise<string | null> {
    return this.settings.ofPlatform(this.runtime, metricsToken);
  }
}
