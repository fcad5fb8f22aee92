import { Module } from "@nestjs/common";
import { SettingsController } from "./settings.controller.ts";
import { SettingsService } from "./settings.service.ts";
import "./settings.tables.ts";

@Module({ controllers: [SettingsController], providers: [SettingsService], exports: [SettingsService] })
export class SettingsModule {}
