import { Module } from "@nestjs/common";
import { AudienceModule } from "../audience/audience.module.ts";
import { ConnectModule } from "../connect/connect.module.ts";
import { Deliveries } from "./deliveries.ts";
import { MessagingController } from "./messaging.controller.ts";
import { MessagingHandlers } from "./messaging.handlers.ts";
import { Outbox } from "./outbox.ts";
import { Receipts } from "./internal/receipts.ts";
import { Rules } from "./rules.ts";
import { SceneRunner } from "./internal/scene-runner.ts";
import { Scenes } from "./scenes.ts";
import { Senders } from "./internal/senders.ts";
import "./messaging.tables.ts";

@Module({
  imports: [ConnectModule, AudienceModule],
  controllers: [MessagingController],
  providers: [Rules, Scenes, SceneRunner, Deliveries, Senders, Receipts, Outbox, MessagingHandlers],
})
export class MessagingModule {}
