import { pair } from "../common/pair.ts";

export const codesMessages = pair(
  {
    module: "验证码",
    workNames: { send: "发送验证码", prune_proofs: "清理已用过的安全验证" },
  },
  {
    module: "Verification codes",
    workNames: { send: "Send a verification code", prune_proofs: "Forget security checks that are over" },
  },
);
