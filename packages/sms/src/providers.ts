import { aliyun } from "./aliyun.ts";
import { emay } from "./emay.ts";
import type { SmsProvider } from "./provider.ts";
import { tencent } from "./tencent.ts";

/** The carriers that come with the product, by name. */
export const providers: readonly SmsProvider[] = [tencent, aliyun, emay];
