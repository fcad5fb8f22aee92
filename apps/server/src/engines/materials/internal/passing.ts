import { Fault } from "@zhanggui/kit/contract/fault";
import { TokenFailure } from "@zhanggui/wechat/client";
import type { ErrcodeKind } from "@zhanggui/wechat/errcodes";
import { WechatError } from "@zhanggui/wechat/transport";

export const again = { zh: "稍后会再试。", en: "It is tried again later." } as const;
/** WeChat is busy, wasn't reached, or was asked too often in a minute. */
const passing: ReadonlySet<ErrcodeKind> = new Set(["busy", "throttled"]);

export function isPassing(error: unknown): boolean {
  const cause = error instanceof TokenFailure ? error.cause : error;
  return cause instanceof WechatError ? passing.has(cause.kind) : !(cause instanceof Fault);
}
