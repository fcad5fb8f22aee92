import { connectRead } from "@zhanggui/server/engines/connect/connect.contract";
import { api } from "../common/api.ts";
import { can } from "../common/signed-in.ts";
import { allOf, searched } from "../list/all-of.ts";
import type { Kind } from "../list/kinds.ts";
import { appOption, kind as wechatApp } from "./wechatApp.kind.ts";

/** Where a mini-program would be refused, none is offered. */
export const kind: Kind = {
  ...wechatApp,
  options: async (signal, asked) => {
    if (!can(connectRead)) return [];
    const apps = await allOf(api.connect.listApps, signal, searched(asked));
    return apps.filter(({ kind }) => kind === "official").map(appOption);
  },
};
