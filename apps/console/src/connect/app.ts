import type { AppCheck, Channel as ChannelSchema, WechatApp } from "@zhanggui/server/engines/connect/connect.contract";
import type { z } from "zod";

export type App = z.output<typeof WechatApp>;
export type Check = z.output<typeof AppCheck>;
export type Channel = z.output<typeof ChannelSchema>;
