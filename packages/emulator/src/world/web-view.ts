import { createHash } from "node:crypto";
import { z } from "zod";
import type { State } from "./state.ts";

/** What a page in the web-view asks of its phone by `wx.config`. */
export const JsConfig = z.strictObject({
  /** Of the page, as it signed it: without its fragment. */
  url: z.string().max(4_096),
  appId: z.string().max(64).default(""),
  timestamp: z.union([z.number(), z.string()]).transform(String),
  nonceStr: z.string().max(256).default(""),
  signature: z.string().max(256).default(""),
  jsApiList: z.array(z.string().max(64)).max(200).default([]),
});
export type JsConfig = z.input<typeof JsConfig>;

/** What the emulator's phone can do for a page. */
export const jsApis: readonly string[] = [
  "checkJsApi",
  "getLocation",
  "scanQRCode",
  "updateAppMessageShareData",
  "updateTimelineShareData",
  "closeWindow",
];

/** Where everybody's phone is: People's Square in Shanghai, a place everybody may stand at. */
export const phonePlace = { latitude: 31.2304, longitude: 121.4737, speed: 0, accuracy: 30 } as const;

export interface JsConfigAnswer {
  /** `config:ok`, or what is wrong, as `wx.error` hears it. */
  errMsg: string;
  /** The functions that the page may call from now on. */
  allowed: string[];
}

/**
 * Checks the signature of a page's `wx.config`. Source: the appendix of doc/offiaccount/OA_Web_Apps/JS-SDK (the four
 * names in order, sha1, the url without fragment); the wording is as the phone shows it in debug mode.
 */
export function checkJsConfig(state: State, asked: z.output<typeof JsConfig>): JsConfigAnswer {
  const refuse = (reason: string): JsConfigAnswer => ({ errMsg: `config:${reason}`, allowed: [] });
  const account = state.accounts.get(asked.appId);
  if (account === undefined) return refuse("invalid appid");
  const ticket = account.tickets.jsapi;
  if (ticket === undefined || ticket.expiresAt <= state.now()) return refuse("invalid signature");
  const parts = [
    `jsapi_ticket=${ticket.ticket}`,
    `noncestr=${asked.nonceStr}`,
    `timestamp=${asked.timestamp}`,
    `url=${asked.url}`,
  ];
  const expected = createHash("sha1").update(parts.join("&")).digest("hex");
  // A page that signs its address with the fragment finds out here, as it would on a phone.
  if (asked.signature !== expected || asked.url.includes("#")) return refuse("invalid signature");
  return { errMsg: "config:ok", allowed: asked.jsApiList.filter((name) => jsApis.includes(name)) };
}
