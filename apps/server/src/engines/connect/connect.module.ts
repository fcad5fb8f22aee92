import { Module } from "@nestjs/common";
import { SettingsModule } from "../../foundation/settings/settings.module.ts";
import { Apps } from "./apps.ts";
import { Callbacks } from "./internal/callbacks.ts";
import { Channels } from "./channels.ts";
import { Checks } from "./internal/checks.ts";
import { WechatClients } from "./clients.ts";
import { ConnectController } from "./connect.controller.ts";
import { ConnectService } from "./connect.service.ts";
import { Responders } from "./responders.ts";
import "./connect.tables.ts";

@Module({
  imports: [SettingsModule],
  controllers: [ConnectController],
  providers: [Apps, Callbacks, Channels, Checks, WechatClients, Responders, ConnectService],
  exports: [Apps, Channels, WechatClients, Responders],
})
export class ConnectModule {}
