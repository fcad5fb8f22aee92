import { fault } from "@zhanggui/kit/contract/fault";
import { tooManyRequests } from "@zhanggui/kit/contract/faults";
import { field } from "@zhanggui/kit/contract/field";
import { Id } from "@zhanggui/kit/contract/ids";
import { oneLine } from "@zhanggui/kit/contract/one-line";
import { authenticated, builtInRoles, publicAccess } from "@zhanggui/kit/contract/permission";
import { plans } from "@zhanggui/kit/contract/plan";
import { contract, route } from "@zhanggui/kit/contract/route";
import { bilingual } from "@zhanggui/kit/contract/text";
import { Instant } from "@zhanggui/kit/contract/time";
import { z } from "zod";

export const wrongCredentials = fault(
  "access.wrong_credentials",
  401,
  { zh: "账号或密码不正确。", en: "The login or the password is wrong." },
  { errno: 1401 },
);
export const lockedOut = fault(
  "access.locked_out",
  423,
  {
    zh: "从此处连续输错次数过多，请 {wait} 后再试，或请管理员解锁账号。",
    en: "Too many wrong passwords from here. Try again in {wait}, or ask an administrator to unlock the account.",
  },
  { errno: 1401, isPassing: true },
);
/** Only whoever has the password hears that there is a second factor. */
export const codeNeeded = fault("access.code_needed", 409, {
  zh: "请输入验证器中的 6 位验证码，或一个恢复码。",
  en: "Enter the six digits of your authenticator app, or a recovery code.",
});
export const wrongCode = fault(
  "access.wrong_code",
  401,
  { zh: "验证码不正确，或已使用过。", en: "The code is wrong, or was used already." },
  { errno: 1401 },
);
/** Only whoever has the password hears it. */
export const providerNeeded = fault("access.provider_needed", 403, {
  zh: "该企业要求使用统一登录，请用登录页上的按钮登录。",
  en: "This business signs in by its own provider: use the button on the sign-in page.",
});
export const placeLockedOut = fault(
  "access.place_locked_out",
  429,
  {
    zh: "从您所在的网络输错密码的次数过多，请 {wait} 后再试。",
    en: "Too many wrong passwords from your network, over all its logins. Try again in {wait}.",
  },
  { isPassing: true },
);
export const sessionEnded = fault(
  "access.session_ended",
  401,
  { zh: "登录状态已失效，请重新登录。", en: "This session is over; sign in again." },
  { errno: 1406 },
);
/** A browser that was told to keep a cookie sends none: it was told on another address, or keeps none. */
export const cookieMissing = fault(
  "access.cookie_missing",
  401,
  {
    zh: "浏览器没有保存登录状态。请通过 {url} 打开本系统，并允许它使用 Cookie。",
    en: "The browser didn't keep the session. Open this system at {url}, and let it set cookies.",
  },
  { errno: 1406 },
);
export const setupClosed = fault("access.setup_closed", 403, {
  zh: "系统已初始化，或初始化口令不正确。",
  en: "The system is set up already, or the set-up token is wrong.",
});
export const weakPassword = fault("access.weak_password", 422, {
  zh: "密码太容易被猜到，请换一个更长或更特别的密码。",
  en: "This password is too easy to guess; choose a longer or a stranger one.",
});
export const invitationOver = fault("access.invitation_over", 410, {
  zh: "邀请链接已失效：可能已使用、已过期或已被新的邀请取代。请管理员重新发送。",
  en: "This invitation is over: used, expired or replaced by a newer one. Ask your administrator for another.",
});
export const ownPassword = fault("access.own_password", 409, {
  zh: "修改自己的密码需要输入当前密码，请使用“修改密码”。",
  en: "Your own password is changed with the current one: use Change password.",
});
export const chooseTenant = fault("access.choose_tenant", 409, {
  zh: "该账号属于多个企业，请选择要登录的企业。",
  en: "This login belongs to several businesses; choose the one to sign in to.",
});

export const Login = z
  .string()
  .trim()
  .toLowerCase()
  .min(3)
  .max(100)
  .regex(/^[^\s]+$/, { error: bilingual({ zh: "不能有空格", en: "no spaces" }) });
/** Six digits, or a recovery code however it is typed. */
export const Code = z.string().trim().min(1).max(40);
/** NIST SP 800-63B §5.1.1: length counts, composition rules don't help; a limit keeps hashing cheap. */
export const Password = z.string().min(8).max(128);

export const Tenant = z.object({ id: Id, name: z.string(), zone: z.string() }).meta({ id: "Tenant" });
export const Account = z
  .object({
    id: Id,
    displayName: field(oneLine(60), { zh: "姓名", en: "Name" }, { sort: true }),
    login: field(z.string(), { zh: "登录名", en: "Login" }),
    /** `builtIn` names the system's own roles, for readers of any language; `name` is what the tenant calls them. */
    roles: field(
      z.array(z.object({ id: Id, name: z.string(), builtIn: z.enum(builtInRoles).nullable() })),
      { zh: "角色", en: "Roles" },
      { kind: "tags" },
    ),
    departments: field(
      z.array(z.object({ id: Id, name: z.string() })),
      { zh: "部门", en: "Departments" },
      { kind: "tags" },
    ),
    disabled: z.boolean(),
    hasSecondFactor: field(z.boolean(), { zh: "两步验证", en: "Two-step sign-in" }, { hidden: true }),
    state: field(
      z.enum(["enabled", "invited", "disabled"]),
      { zh: "状态", en: "State" },
      {
        filter: true,
        unindexed: true,
        choices: {
          enabled: { zh: "可以登录", en: "Can sign in", tone: "good" },
          invited: {
            zh: "待设密码",
            en: "Invited",
            tone: "info",
            hint: { zh: "本人还没有设置密码。", en: "They haven't chosen a password yet." },
          },
          disabled: { zh: "已停用", en: "Disabled", tone: "quiet" },
        },
      },
    ),
    /** Until when an invitation that nobody has followed yet leads to a password. */
    invitedUntil: field(Instant.nullable(), { zh: "邀请有效至", en: "Invited until" }),
    createdAt: field(Instant, { zh: "创建于", en: "Created" }, { sort: "id", hidden: true }),
  })
  .meta({ id: "Account" });
/** Whoever has the token chooses the account's password. It is told once, to whoever made it. */
export const Invitation = z.object({ token: z.string(), expiresAt: Instant }).meta({ id: "Invitation" });
/** How a tenant stands by its plan. `expiring`: its end is near; `expired`, `suspended`: it reads only. */
export const TenantState = z.enum(["active", "expiring", "expired", "suspended"]);
export const Terms = z.object({
  plan: z.enum(plans),
  state: TenantState,
  expiresAt: Instant.nullable(),
  /** Why it is suspended, in the platform's words; empty while it isn't. */
  because: z.string(),
});
export const Me = z
  .object({
    tenant: Tenant,
    terms: Terms,
    account: Account.omit({ state: true, invitedUntil: true, departments: true, hasSecondFactor: true }),
    permissions: z.array(z.string()),
    /** Somebody else acts in this account's name: who, why and until when. */
    impersonation: z.object({ name: z.string(), reason: z.string(), until: Instant }).nullable(),
    /** The business demands a second factor of this account, which has none: from when on it can do nothing else. */
    factorDue: z.object({ from: Instant, isOver: z.boolean() }).nullable(),
  })
  .meta({ id: "Me" });
/** Holds what a browser's session is made of, sealed: no script can read it, and no other site can use it. */
export const sessionCookie = "zhanggui-session";
/** A session that nobody renews for this long is over. */
export const sessionDays = 14;
export const setsSession = {
  cookies: { [sessionCookie]: { maxAgeSeconds: sessionDays * 86_400, sameSite: "strict" } },
} as const;
export const sessionCookies = z.object({ [sessionCookie]: z.string().max(4000).optional() });
/**
 * Where a session is kept. `cookie` is for pages of this server: the tokens go into the session's cookie, and the
 * answer holds a page token, which is worth nothing without the cookie, nor the cookie without it.
 */
export const keepIn = z.enum(["reply", "cookie"]).default("reply");
export const Session = z
  .object({
    /** JWT, one hour (D-26, D-43); of a session that is kept in a cookie, its page token. Sent as a bearer token. */
    accessToken: z.string(),
    accessExpiresAt: Instant,
    /** Good for one use: each renewal brings the next. Empty where the cookie keeps it. */
    refreshToken: z.string(),
    refreshExpiresAt: Instant,
    me: Me,
  })
  .meta({ id: "Session" });

/** A session, and what tells this device from a stranger's the next time. */
export const SignedIn = Session.extend({
  /** To be kept for this login and sent with its next sign-in: then the wrong guesses of others don't count here. */
  deviceToken: z.string(),
}).meta({ id: "SignedIn" });

/** What is called before somebody is signed in, or has to do with it: part of the contract of accounts. */
export const signInRoutes = {
  setupStatus: route.get("/setup", {
    summary: "Whether the system waits for its first tenant; ways in besides a password; logins of a demo",
    access: publicAccess,
    duringMaintenance: true,
    query: z.object({ tenantId: Id.optional() }),
    reply: z.object({
      needed: z.boolean(),
      /** Of the tenant that is asked for, or of the only one. */
      ways: z.array(z.object({ name: z.string(), url: z.string() })),
      demoLogins: z.array(z.object({ role: z.string(), login: z.string(), password: z.string() })),
    }),
  }),
  setup: route.post("/setup", {
    summary: "Create the first tenant and its owner, with the token that the server was started with",
    access: publicAccess,
    effect: "change",
    limit: { perMinute: 10, by: "address" },
    cookies: sessionCookies,
    body: z.object({
      setupToken: z.string().max(200),
      tenantName: oneLine(60),
      login: Login,
      displayName: oneLine(60),
      password: Password,
      keepIn,
    }),
    reply: SignedIn,
    sets: setsSession,
    faults: [setupClosed, weakPassword, tooManyRequests],
  }),
  login: route.post("/sessions", {
    summary: "Sign in; after five wrong passwords of one account from one place it is locked there for a while",
    access: publicAccess,
    duringMaintenance: true,
    effect: "change",
    // Whoever fails again and again pays for each further try, and holds up nobody else.
    proofOfWork: "asked",
    cookies: sessionCookies,
    body: z.object({
      login: Login,
      password: z.string().max(128),
      /** Which of the tenants that have this login; needed where login and password fit in several. */
      tenantId: Id.optional(),
      deviceToken: z.string().max(1000).optional(),
      /** Of an account with a second factor. */
      code: Code.optional(),
      keepIn,
    }),
    reply: SignedIn,
    sets: setsSession,
    faults: [
      wrongCredentials,
      lockedOut,
      placeLockedOut,
      tooManyRequests,
      chooseTenant,
      codeNeeded,
      wrongCode,
      providerNeeded,
    ],
  }),
  refresh: route.post("/sessions/refresh", {
    summary:
      "Renew a session; a refresh token that comes again after a minute, or an older one, ends the whole session",
    access: publicAccess,
    duringMaintenance: true,
    effect: "change",
    cookies: sessionCookies,
    /** Without a token it is the session of the cookie that is renewed, and kept there. */
    body: z.object({ refreshToken: z.string().max(200).optional() }),
    reply: Session,
    sets: setsSession,
    faults: [sessionEnded, cookieMissing],
  }),
  changePassword: route.put("/me/password", {
    summary: "Change one's own password; every other session ends",
    access: authenticated,
    byThemselves: true,
    whileReadOnly: true,
    effect: "change",
    body: z.object({ currentPassword: z.string().max(128), newPassword: Password }),
    reply: z.object({}),
    faults: [wrongCredentials, weakPassword, lockedOut],
  }),
  readInvitation: route.post("/invitations/read", {
    summary: "Whom an invitation is for",
    access: publicAccess,
    effect: "read",
    limit: { perMinute: 30, by: "address" },
    body: z.object({ token: z.string().max(200) }),
    reply: z.object({ tenantName: z.string(), displayName: z.string(), login: z.string(), expiresAt: Instant }),
    faults: [invitationOver, tooManyRequests],
  }),
  acceptInvitation: route.post("/invitations/accept", {
    summary: "Choose the password of the account that one is invited to; its other sessions end",
    access: publicAccess,
    effect: "change",
    limit: { perMinute: 30, by: "address" },
    cookies: sessionCookies,
    body: z.object({
      token: z.string().max(200),
      password: Password,
      /** Of an account with a second factor, which a new password doesn't take away. */
      code: Code.optional(),
      keepIn,
    }),
    reply: SignedIn,
    sets: setsSession,
    faults: [
      invitationOver,
      weakPassword,
      tooManyRequests,
      lockedOut,
      placeLockedOut,
      codeNeeded,
      wrongCode,
      providerNeeded,
    ],
  }),
};

/** The same alone, for pages before the sign-in: they load nothing of the others. */
export const signIn = contract("access", signInRoutes);
