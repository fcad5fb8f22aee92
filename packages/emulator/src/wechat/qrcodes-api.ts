import QRCode from "qrcode";
import type { QrCode } from "../world/model.ts";
import { permanentKey, type State } from "../world/state.ts";
import { accountOf, json, objectOf } from "./answers.ts";
import { Refusal } from "./errcodes.ts";
import type { ApiRoute } from "./gateway.ts";
import { qrRules } from "./limits.ts";

type Action = QrCode["action"];
const actions: readonly Action[] = ["QR_SCENE", "QR_STR_SCENE", "QR_LIMIT_SCENE", "QR_LIMIT_STR_SCENE"];

/** QR codes with a scene. Source: doc/service/Account_Management/Generating_a_Parametric_QR_Code. */
export const qrCodeRoutes: readonly ApiRoute[] = [
  {
    method: "POST",
    path: "/cgi-bin/qrcode/create",
    access: "token",
    handle(state, call) {
      const action = actions.find((one) => one === call.body["action_name"]);
      if (action === undefined) throw new Refusal(40052);
      const scene = sceneOf(action, objectOf(objectOf(call.body, "action_info") ?? {}, "scene") ?? {});
      const isPermanent = action.startsWith("QR_LIMIT");
      const seconds = isPermanent ? null : expirySeconds(call.body["expire_seconds"]);
      const code = createCode(state, accountOf(call).appid, action, scene, seconds);
      const expiry = seconds === null ? {} : { expire_seconds: seconds };
      return json({ ticket: code.ticket, ...expiry, url: code.url });
    },
  },
  {
    // On the real platform this is on the host mp.weixin.qq.com.
    method: "GET",
    path: "/cgi-bin/showqrcode",
    access: "open",
    async handle(state, { query }) {
      const code = state.qrCodes.get(query["ticket"] ?? "");
      if (code === undefined || (code.expiresAt !== null && code.expiresAt <= state.now())) {
        return { bytes: Buffer.from("Not Found"), contentType: "text/plain", status: 404 };
      }
      // WeChat answers a JPEG; a PNG shows the same picture.
      return { bytes: await drawQrCode(code), contentType: "image/png" };
    },
  },
];

/** The code's picture, a PNG of 430 pixels: WeChat's size. */
export function drawQrCode(code: QrCode): Promise<Buffer> {
  return QRCode.toBuffer(code.url, { width: 430, margin: 2 });
}

function sceneOf(action: Action, scene: Record<string, unknown>): string {
  if (action === "QR_STR_SCENE" || action === "QR_LIMIT_STR_SCENE") {
    const text = scene["scene_str"];
    if (typeof text !== "string" || text.length < 1 || text.length > qrRules.maxSceneLength) throw new Refusal(40053);
    return text;
  }
  const id = scene["scene_id"];
  const max = action === "QR_SCENE" ? qrRules.maxTemporaryId : qrRules.maxPermanentId;
  if (typeof id !== "number" || !Number.isInteger(id) || id < 1 || id > max) throw new Refusal(40053);
  return String(id);
}

function expirySeconds(value: unknown): number {
  if (value === undefined) return qrRules.defaultExpireSeconds;
  const isInLimits = typeof value === "number" && Number.isInteger(value) && value >= 1;
  if (!isInLimits || value > qrRules.maxExpireSeconds) throw new Refusal(40058);
  return value;
}

function createCode(state: State, appid: string, action: Action, scene: string, seconds: number | null): QrCode {
  // Recalled: a permanent code of the same scene is the same code.
  const same = seconds === null ? state.permanentCodes.get(permanentKey({ appid, action, scene })) : undefined;
  if (same !== undefined) return same;
  const now = state.now();
  const url = `http://weixin.qq.com/q/02${state.random.letters(20)}`;
  const expiresAt = seconds === null ? null : now + seconds * 1000;
  const code: QrCode = { ticket: ticketOf(state, url), url, appid, action, scene, createdAt: now, expiresAt };
  state.addQrCode(code);
  state.tell({ type: "world" });
  return code;
}

/** Tickets look like WeChat's: base64 with `+`, `/` and `=`, so that a client must escape them in a query. */
function ticketOf(state: State, url: string): string {
  const head = Buffer.from([0x81, 0x01, 0xfb, 0xef, 0xbe, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0x2e]);
  return Buffer.concat([head, Buffer.from(url), state.random.bytes(14)]).toString("base64");
}
