import { Module } from "@nestjs/common";
import { authenticatorToken } from "@zhanggui/kit/server/http/pipeline";
import { AccessController } from "./access.controller.ts";
import { AccessService } from "./access.service.ts";
import { Sessions } from "./sessions.ts";
import { Setup } from "./setup.ts";
import { Tenants } from "./tenants.ts";
import "./access.tables.ts";

@Module({
  controllers: [AccessController],
  providers: [Tenants, AccessService, Sessions, Setup, { provide: authenticatorToken, useExisting: Sessions }],
  exports: [Tenants, AccessService, authenticatorToken],
})
export class AccessModule {}
