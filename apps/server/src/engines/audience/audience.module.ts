import { Module } from "@nestjs/common";
import { ConnectModule } from "../connect/connect.module.ts";
import { Arrivals } from "./internal/arrivals.ts";
import { AudienceController } from "./audience.controller.ts";
import { AudienceHandlers } from "./audience.handlers.ts";
import { AudienceService } from "./audience.service.ts";
import { Identities } from "./internal/identities.ts";
import { Merges } from "./internal/merges.ts";
import { Tags } from "./internal/tags.ts";
import { Timeline } from "./timeline.ts";
import "./audience.tables.ts";

@Module({
  imports: [ConnectModule],
  controllers: [AudienceController],
  providers: [AudienceService, Arrivals, AudienceHandlers, Identities, Merges, Tags, Timeline],
  exports: [AudienceService, Timeline],
})
export class AudienceModule {}
