import { fault } from "@zhanggui/kit/contract/fault";
import { conflict, notFound, tooManyRequests } from "@zhanggui/kit/contract/faults";
import { Id } from "@zhanggui/kit/contract/ids";
import { authenticated } from "@zhanggui/kit/contract/permission";
import { route } from "@zhanggui/kit/contract/route";
import { z } from "zod";
import { accessWrite, beyondOwnDepartments, beyondOwnRights } from "./roles.contract.ts";
import { Code, lockedOut, wrongCode, wrongCredentials } from "./sign-in.contract.ts";

export const ownFactor = fault("access.own_factor", 409, {
  zh: "自己的两步验证请在“两步验证”中用验证码关闭。",
  en: "Your own second factor is switched off with a code of it, under Two-step sign-in.",
});

/** Whoever demands of others what they don't have themselves would be the first who is shut out. */
export const ownFactorFirst = fault("access.own_factor_first", 409, {
  zh: "请先为自己启用两步验证，再要求他人使用。",
  en: "Switch on your own two-step sign-in before you demand it of others.",
});

const RecoveryCodes = z.object({ recoveryCodes: z.array(z.string()) });

/** What somebody signs in with besides their password: part of the contract of accounts. */
export const secondFactorRoutes = {
  getSecondFactor: route.get("/me/second-factor", {
    summary: "Whether the caller signs in with a second factor",
    access: authenticated,
    whileHeldBack: true,
    reply: z.object({ isOn: z.boolean(), recoveryCodesLeft: z.int() }),
  }),
  beginSecondFactor: route.post("/me/second-factor", {
    summary:
      "Begin with a second factor: a secret for an authenticator app, which asks for nothing until it is confirmed",
    access: authenticated,
    whileHeldBack: true,
    whileReadOnly: true,
    byThemselves: true,
    effect: "change",
    body: z.object({ password: z.string().max(128) }),
    reply: z.object({
      secret: z.string().meta({ description: "Base32, for whoever can't scan" }),
      uri: z.string().meta({ description: "otpauth://totp/…, as a QR code for the app" }),
    }),
    faults: [wrongCredentials, lockedOut, conflict],
  }),
  confirmSecondFactor: route.post("/me/second-factor/confirm", {
    summary: "Switch it on with its first code; the recovery codes are told once",
    access: authenticated,
    whileHeldBack: true,
    whileReadOnly: true,
    byThemselves: true,
    effect: "change",
    body: z.object({ code: Code }),
    reply: RecoveryCodes,
    faults: [wrongCode, lockedOut, conflict],
  }),
  renewRecoveryCodes: route.post("/me/second-factor/recovery-codes", {
    summary: "New recovery codes in place of the former ones, told once",
    access: authenticated,
    whileReadOnly: true,
    byThemselves: true,
    effect: "change",
    body: z.object({ code: Code }),
    reply: RecoveryCodes,
    faults: [wrongCode, lockedOut, conflict],
  }),
  endSecondFactor: route.post("/me/second-factor/end", {
    summary: "Sign in by password alone again",
    access: authenticated,
    whileReadOnly: true,
    byThemselves: true,
    effect: "change",
    body: z.object({ code: Code }),
    reply: z.object({}),
    faults: [wrongCode, lockedOut, conflict],
  }),
  resetSecondFactor: route.delete("/accounts/:accountId/second-factor", {
    summary: "Take away the second factor of somebody who has lost it",
    access: accessWrite,
    byThemselves: true,
    effect: "change",
    params: z.object({ accountId: Id }),
    reply: z.object({}),
    faults: [notFound, ownFactor, beyondOwnRights, beyondOwnDepartments, tooManyRequests],
  }),
};
