import { z } from "zod";
import type { QrCode } from "../world/model.ts";
import { permanentKey, type State } from "../world/state.ts";
import { accountOf, json, objectOf } from "./answers.ts";
import { drawCode } from "./draw-code.ts";
import { Refusal } from "./errcodes.ts";

import { qrRules } from "./limits.ts";
import type { ApiRoute } from "./route.ts";

type Action = QrCode["action"];
const actions: readonly Action[] = ["QR_SCENE", "QR_STR_SCENE", "QR_LIMIT_SCENE", "QR_LIMIT_STR_SCENE"];

const page = "doc/service/Account_Management/Generating_a_Parametric_QR_Code";

export const qrCodeRoutes: readonly ApiRoute[] = [
  {
    method: "POST",
    path: "/cgi-bin/qrcode/create",
    says: "Makes a QR code with a scene, for some time or for good.",
    page,
    access: "token",
    right: "qrcodes",
    perDay: 100_000,
    body: z.strictObject({
      action_name: z.string(),
      expire_seconds: z.number().optional(),
      action_info: z.strictObject({
        scene: z.strictObject({ scene_id: z.number().optional(), scene_str: z.string().optional() }),
      }),
    }),
    rules: Object.values(qrRules),
    errcodes: [40052, 40053, 40058],
    handle(state, call) {
      const action = actions.find((one) => one === call.body["action_name"]);
      if (action === undefined) throw new Refusal(40052);
      const scene = sceneOf(state, action, objectOf(objectOf(call.body, "action_info") ?? {}, "scene") ?? {});
      const isPermanent = action.startsWith("QR_LIMIT");
      const seconds = isPermanent ? null : expirySeconds(state, call.body["expire_seconds"]);
      const code = createCode(state, accountOf(call).appid, action, scene, seconds);
      const expiry = seconds === null ? {} : { expire_seconds: seconds };
      return json({ ticket: code.ticket, ...expiry, url: code.url });
    },
  },
  {
    // On the real platform this is on the host mp.weixin.qq.com.
    method: "GET",
    path: "/cgi-bin/showqrcode",
    says: "Draws a QR code, as JPEG.",
    page,
    access: "open",
    handle(state, { query }) {
      const code = state.qrCodes.get(query["ticket"] ?? "");
      if (code === undefined || (code.expiresAt !== null && code.expiresAt <= state.now())) {
        return { bytes: Buffer.from("Not Found"), contentType: "text/plain", status: 404 };
      }
      return { bytes: drawQrCode(code), contentType: "image/jpg" };
    },
  },
];

/** The code's picture, a JPEG. */
export function drawQrCode(code: QrCode): Buffer {
  return drawCode(code.url);
}

function sceneOf(state: State, action: Action, scene: Record<string, unknown>): string {
  if (action === "QR_STR_SCENE" || action === "QR_LIMIT_STR_SCENE") {
    const text = scene["scene_str"];
    if (typeof text !== "string") throw new Refusal(40053);
    state.rules.within(qrRules.sceneLength, text.length);
    return text;
  }
  const id = scene["scene_id"];
  if (typeof id !== "number" || !Number.isInteger(id)) throw new Refusal(40053);
  state.rules.within(action === "QR_SCENE" ? qrRules.temporaryId : qrRules.permanentId, id);
  return String(id);
}

function expirySeconds(state: State, value: unknown): number {
  if (value === undefined) return state.rules.number(qrRules.defaultExpireSeconds);
  if (typeof value !== "number" || !Number.isInteger(value)) throw new Refusal(40058);
  state.rules.within(qrRules.expireSeconds, value);
  return value;
}

function createCode(state: State, appid: string, action: Action, scene: string, seconds: number | null): QrCode {
  const isShared = seconds === null && state.rules.position(qrRules.permanent) === "same";
  const same = isShared ? state.permanentCodes.get(permanentKey({ appid, action, scene })) : undefined;
  if (same !== undefined) return same;
  const now = state.now();
  const url = `http://weixin.qq.com/q/02${state.random.letters(20)}`;
  const expiresAt = seconds === null ? null : now + seconds * 1000;
  const code: QrCode = { ticket: ticketOf(state, url), url, appid, action, scene, createdAt: now, expiresAt };
  state.addQrCode(code);
  state.tell({ type: "world" });
  return code;
}

/** 96 characters of base64's URL-safe alphabet, as WeChat's: they hold the address, and need no escaping in a query. */
function ticketOf(state: State, url: string): string {
  const [one = 0, two = 0] = state.random.bytes(2);
  const head = Buffer.from([0x81, 0x01, one, two, 0x3c, 0, 0, 0, 0, 0, 0, 0, 0, 0x01, 0x2e]);
  const tail = state.random.bytes(72 - head.length - Buffer.byteLength(url));
  return Buffer.concat([head, Buffer.from(url), tail]).toString("base64url");
}
