import type { Channel as ChannelSchema } from "@zhanggui/server/engines/connect/connect.contract";
import type { AppCheck, WechatApp } from "@zhanggui/server/engines/connect/app.contract";
import type { z } from "zod";

export type App = z.output<typeof WechatApp>;
export type Check = z.output<typeof AppCheck>;
export type Channel = z.output<typeof ChannelSchema>;

/** An app that was just bound, with the secrets that were typed: they are known here, and never again after this. */
export interface Bound {
  readonly app: App;
  readonly pushToken: string;
  readonly encodingAesKey: string;
}
