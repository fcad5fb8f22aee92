import { fault } from "@zhanggui/kit/contract/fault";
import { conflict, notFound } from "@zhanggui/kit/contract/faults";
import { field } from "@zhanggui/kit/contract/field";
import { Id } from "@zhanggui/kit/contract/ids";
import { oneLine } from "@zhanggui/kit/contract/one-line";
import { authenticated, permission } from "@zhanggui/kit/contract/permission";
import { route } from "@zhanggui/kit/contract/route";
import { Instant } from "@zhanggui/kit/contract/time";
import { z } from "zod";
import { accessRead, accessWrite, beyondOwnDepartments, beyondOwnRights } from "./roles.contract.ts";
import { keepIn, Session, setsSession } from "./sign-in.contract.ts";

/** Nobody has it but who holds everything: who acts in others' names reads what they read. */
export const accessImpersonate = permission(
  "access:impersonate",
  { zh: "以他人身份登录（全程留痕）", en: "Act in others' names, on the record" },
  [],
  { isWeighty: true },
);

export const notToBeImpersonated = fault("access.not_to_be_impersonated", 409, {
  zh: "只能以他人的、可以登录的账号操作。",
  en: "That is your own account, or one that can't sign in.",
});
/** One sign-in that still goes on. */
export const SignInView = z
  .object({
    id: Id,
    /** What the browser or program says it is. */
    agent: z.string(),
    /** The network that it came from: an IPv4 address or an IPv6 /64. */
    source: z.string(),
    at: Instant,
    /** When it was renewed last; browsers do so every hour that they are used. */
    lastAt: Instant,
    isCurrent: z.boolean(),
    /** Somebody else who acts, or acted, in one's name by it, and why. */
    impersonation: z.object({ name: z.string(), reason: z.string(), until: Instant }).nullable(),
    /** Null while it goes on. */
    endedAt: Instant.nullable(),
  })
  .meta({ id: "SignIn" });
const list = z.object({ items: z.array(SignInView) });
const params = z.object({ accountId: Id });

/** Sign-ins that go on, and acting in another's name: part of the contract of accounts. */
export const ownSessionRoutes = {
  listOwnSessions: route.get("/me/sessions", {
    summary: "Where the caller is signed in, and who acted in their name in the last thirty days",
    access: authenticated,
    reply: list,
  }),
  endOwnSession: route.delete("/me/sessions/:sessionId", {
    summary: "Sign oneself out somewhere else",
    access: authenticated,
    whileReadOnly: true,
    byThemselves: true,
    effect: "change",
    params: z.object({ sessionId: Id }),
    reply: z.object({}),
    faults: [notFound, conflict],
  }),
  endOtherSessions: route.post("/me/sessions/end-others", {
    summary: "Sign oneself out everywhere but here",
    access: authenticated,
    whileReadOnly: true,
    byThemselves: true,
    effect: "change",
    reply: z.object({ ended: z.int() }),
  }),
  listAccountSessions: route.get("/accounts/:accountId/sessions", {
    summary: "Where somebody is signed in",
    access: accessRead,
    params,
    reply: list,
    faults: [notFound],
  }),
  endAccountSessions: route.post("/accounts/:accountId/sessions/end", {
    summary: "Sign somebody out, at one place or everywhere",
    access: accessWrite,
    byThemselves: true,
    whileReadOnly: true,
    effect: "change",
    params,
    body: z.object({ sessionId: Id.optional() }),
    reply: z.object({ ended: z.int() }),
    faults: [notFound, beyondOwnRights, beyondOwnDepartments],
  }),
  impersonate: route.post("/accounts/:accountId/impersonation", {
    summary: "Act in somebody's name for half an hour: they are told, and every entry of the audit log names both",
    access: accessImpersonate,
    byThemselves: true,
    effect: "change",
    params,
    body: z.object({
      reason: field(oneLine(200), { zh: "原因（对方会看到）", en: "Why (they are told)" }),
      keepIn,
    }),
    reply: Session,
    sets: setsSession,
    faults: [notFound, notToBeImpersonated, beyondOwnRights, beyondOwnDepartments],
  }),
  endImpersonation: route.post("/me/impersonation/end", {
    summary: "Act in one's own name again",
    access: authenticated,
    whileReadOnly: true,
    effect: "change",
    body: z.object({ keepIn }),
    reply: Session,
    sets: setsSession,
    faults: [conflict],
  }),
};
