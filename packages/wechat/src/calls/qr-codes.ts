import { z } from "zod";
import { assertBetween, atMostOnce, idempotent, post } from "../call.ts";

const page = "doc/service/Account_Management/Generating_a_Parametric_QR_Code";

/** Lasting codes are at most 100,000 an account; a temporary one lives 30 days at most. */
export const qrCodeLimits = {
  expireSeconds: 2_592_000,
  lastingSceneId: 100_000,
  temporarySceneId: 4_294_967_295,
  sceneTextLength: 64,
} as const;

/** A number or a text. */
export type Scene = number | string;

const QrCode = z
  .object({ ticket: z.string().min(1), url: z.string(), expire_seconds: z.number().optional() })
  .transform(({ ticket, url, expire_seconds }) => ({ ticket, url, expireSeconds: expire_seconds }));
/** `url` is what the code holds. */
export type QrCode = z.output<typeof QrCode>;

export const createTemporaryQrCode = post("/cgi-bin/qrcode/create", {
  page,
  // Another code of the scene does what the first does, and goes with it.
  effect: idempotent(),
  request({ scene, expireSeconds }: { scene: Scene; expireSeconds: number }) {
    assertBetween("expireSeconds", expireSeconds, 1, qrCodeLimits.expireSeconds);
    const action_name = typeof scene === "number" ? "QR_SCENE" : "QR_STR_SCENE";
    return {
      body: {
        action_name,
        expire_seconds: expireSeconds,
        action_info: sceneOf(scene, qrCodeLimits.temporarySceneId),
      },
    };
  },
  reply: QrCode,
});

/** One made twice may use the account's allowance twice. */
export const createLastingQrCode = post("/cgi-bin/qrcode/create", {
  page,
  effect: atMostOnce,
  request({ scene }: { scene: Scene }) {
    const action_name = typeof scene === "number" ? "QR_LIMIT_SCENE" : "QR_LIMIT_STR_SCENE";
    return { body: { action_name, action_info: sceneOf(scene, qrCodeLimits.lastingSceneId) } };
  },
  reply: QrCode,
});

function sceneOf(scene: Scene, largestId: number): object {
  if (typeof scene === "number") {
    assertBetween("the scene's number", scene, 1, largestId);
    return { scene: { scene_id: scene } };
  }
  assertBetween("the scene's length", scene.length, 1, qrCodeLimits.sceneTextLength);
  return { scene: { scene_str: scene } };
}

/** Where the picture of a code is, for anybody, without a token. `mpUrl`: `wechatHosts.mp` or a stand-in. */
export function showQrCodeUrl(mpUrl: string, ticket: string): string {
  return `${mpUrl.replace(/\/$/, "")}/cgi-bin/showqrcode?ticket=${encodeURIComponent(ticket)}`;
}
