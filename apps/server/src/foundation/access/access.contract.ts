import { oneLine } from "@zhanggui/kit/contract/one-line";
import { fault } from "@zhanggui/kit/contract/fault";
import { notFound, tooManyRequests } from "@zhanggui/kit/contract/faults";
import { field } from "@zhanggui/kit/contract/field";
import { Id } from "@zhanggui/kit/contract/ids";
import { list } from "@zhanggui/kit/contract/list";
import { publicAccess, builtInRoles, authenticated } from "@zhanggui/kit/contract/permission";
import { audits } from "@zhanggui/kit/contract/audited";
import { contract, route } from "@zhanggui/kit/contract/route";
import { bilingual } from "@zhanggui/kit/contract/text";
import { Instant } from "@zhanggui/kit/contract/time";
import { z } from "zod";
import { accessRead, accessWrite, beyondOwnRights, roleRoutes } from "./roles.contract.ts";

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
export const setupClosed = fault("access.setup_closed", 403, {
  zh: "系统已初始化，或初始化口令不正确。",
  en: "The system is set up already, or the set-up token is wrong.",
});
export const weakPassword = fault("access.weak_password", 422, {
  zh: "密码太容易被猜到，请换一个更长或更特别的密码。",
  en: "This password is too easy to guess; choose a longer or a stranger one.",
});
export const loginTaken = fault("access.login_taken", 409, {
  zh: "登录名 {login} 已被使用。",
  en: "The login {login} is taken.",
});
export const invitationOver = fault("access.invitation_over", 410, {
  zh: "邀请链接已失效：可能已使用、已过期或已被新的邀请取代。请管理员重新发送。",
  en: "This invitation is over: used, expired or replaced by a newer one. Ask your administrator for another.",
});
export const lastOwner = fault("access.last_owner", 409, {
  zh: "至少要保留一个可登录的负责人账号。",
  en: "At least one owner must stay able to sign in.",
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
    disabled: z.boolean(),
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
/** What forms ask of an account. */
const AccountFields = {
  displayName: Account.shape.displayName,
  roleIds: field(
    z.array(Id).min(1).max(20),
    { zh: "角色", en: "Roles" },
    { kind: "role", hint: { zh: "可以同时有几个角色。", en: "Several may go together." } },
  ),
};
export const Me = z
  .object({
    tenant: Tenant,
    account: Account.omit({ state: true, invitedUntil: true }),
    permissions: z.array(z.string()),
  })
  .meta({ id: "Me" });
export const Session = z
  .object({
    /** JWT, one hour (D-26, D-43). */
    accessToken: z.string(),
    accessExpiresAt: Instant,
    /** Good for one use: each renewal brings the next. */
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

/** How the audit log names the columns of what belongs to an account. */
const AccountRole = z.object({ roleId: field(Id, { zh: "角色", en: "Role" }, { kind: "role" }) });
const InvitationFields = z.object({
  expiresAt: field(Instant, { zh: "有效至", en: "Valid until" }),
  issuedBy: field(Id, { zh: "发出邀请的人", en: "Invited by" }, { kind: "account" }),
});

const followed = audits("access", {
  access_account: {
    list: "listAccounts",
    title: "display_name",
    masked: ["login"],
    ignored: ["has_password", "created_at"],
  },
  access_account_role: {
    of: "access_account",
    key: ["account_id"],
    noun: { zh: "账号的角色", en: "account's role" },
    fields: AccountRole,
  },
  access_invitation: {
    of: "access_account",
    key: ["account_id"],
    noun: { zh: "邀请", en: "invitation" },
    ignored: ["created_at"],
    fields: InvitationFields,
  },
  access_role: { list: "listRoles", title: "name", ignored: ["created_at"] },
});

export const access = contract(followed, {
  setupStatus: route.get("/setup", {
    summary: "Whether the system still waits for its first tenant; while the demo is on, its logins",
    access: publicAccess,
    duringMaintenance: true,
    reply: z.object({
      needed: z.boolean(),
      demoLogins: z.array(z.object({ role: z.string(), login: z.string(), password: z.string() })),
    }),
  }),
  setup: route.post("/setup", {
    summary: "Create the first tenant and its owner, with the token that the server was started with",
    access: publicAccess,
    effect: "change",
    limit: { perMinute: 10, by: "address" },
    body: z.object({
      setupToken: z.string().max(200),
      tenantName: oneLine(60),
      login: Login,
      displayName: oneLine(60),
      password: Password,
    }),
    reply: SignedIn,
    faults: [setupClosed, weakPassword, tooManyRequests],
  }),
  login: route.post("/sessions", {
    summary: "Sign in; after five wrong passwords of one account from one place it is locked there for a while",
    access: publicAccess,
    duringMaintenance: true,
    effect: "change",
    body: z.object({
      login: Login,
      password: z.string().max(128),
      /** Which of the tenants that have this login; needed where login and password fit in several. */
      tenantId: Id.optional(),
      deviceToken: z.string().max(1000).optional(),
    }),
    reply: SignedIn,
    faults: [wrongCredentials, lockedOut, placeLockedOut, tooManyRequests, chooseTenant],
  }),
  refresh: route.post("/sessions/refresh", {
    summary:
      "Renew a session; a refresh token that comes again after a minute, or an older one, ends the whole session",
    access: publicAccess,
    duringMaintenance: true,
    effect: "change",
    body: z.object({ refreshToken: z.string().max(200) }),
    reply: Session,
    faults: [sessionEnded],
  }),
  listOtherTenants: route.get("/me/tenants", {
    summary: "The other businesses that the caller has proven to be theirs, by this session",
    access: authenticated,
    reply: z.object({ items: z.array(Tenant.pick({ id: true, name: true })) }),
  }),
  proveTenant: route.post("/me/tenants", {
    summary: "Open the other businesses of the caller's login that a password opens, to this session",
    access: authenticated,
    effect: "change",
    body: z.object({ password: z.string().max(128) }),
    reply: z.object({ items: z.array(Tenant.pick({ id: true, name: true })) }),
    faults: [wrongCredentials, lockedOut, placeLockedOut, tooManyRequests],
  }),
  switchTenant: route.post("/sessions/switch", {
    summary: "Go on in another business that this session has proven, in place of this one",
    access: authenticated,
    effect: "change",
    body: z.object({ tenantId: Id }),
    reply: SignedIn,
    faults: [notFound, wrongCredentials],
  }),
  logout: route.post("/sessions/logout", {
    summary: "End this session",
    access: authenticated,
    duringMaintenance: true,
    effect: "change",
    reply: z.object({}),
  }),
  me: route.get("/me", { summary: "Who is signed in, and what they may do", access: authenticated, reply: Me }),
  changePassword: route.put("/me/password", {
    summary: "Change one's own password; every other session ends",
    access: authenticated,
    effect: "change",
    body: z.object({ currentPassword: z.string().max(128), newPassword: Password }),
    reply: z.object({}),
    faults: [wrongCredentials, weakPassword, lockedOut],
  }),
  listAccounts: list("/accounts", {
    item: Account,
    noun: { zh: "账号", en: "account", plural: "accounts" },
    access: accessRead,
    sort: "displayName",
    search: { zh: "姓名或登录名", en: "Name or login" },
    filters: { roleId: field(Id, { zh: "角色", en: "Role" }, { kind: "role" }) },
  }),
  createAccount: route.post("/accounts", {
    summary: "Create an account; without a password, whoever has the invitation in the reply chooses one",
    access: accessWrite,
    effect: "change",
    body: z.object({
      displayName: AccountFields.displayName,
      login: field(
        Login,
        { zh: "登录名", en: "Login" },
        {
          hint: {
            zh: "手机号、邮箱或工号，至少 3 个字符。",
            en: "A phone number, a mail address or a staff number.",
          },
        },
      ),
      password: Password.optional(),
      roleIds: AccountFields.roleIds,
    }),
    reply: Account.extend({ invitation: Invitation.nullable() }),
    faults: [loginTaken, weakPassword, notFound, beyondOwnRights],
  }),
  updateAccount: route.patch("/accounts/:accountId", {
    summary: "Rename an account, change its roles, disable it or give it a password (its sessions end at once)",
    access: accessWrite,
    effect: "change",
    params: z.object({ accountId: Id }),
    body: z.object({
      displayName: AccountFields.displayName.optional(),
      roleIds: AccountFields.roleIds.optional(),
      disabled: z.boolean().optional(),
      password: Password.optional(),
    }),
    reply: Account,
    faults: [notFound, lastOwner, weakPassword, ownPassword, beyondOwnRights],
  }),
  inviteAccount: route.post("/accounts/:accountId/invitation", {
    summary: "Let whoever has the link choose a new password: a first one, or one in place of a forgotten one",
    access: accessWrite,
    effect: "change",
    params: z.object({ accountId: Id }),
    reply: Invitation,
    faults: [notFound, ownPassword, beyondOwnRights],
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
    body: z.object({ token: z.string().max(200), password: Password }),
    reply: SignedIn,
    faults: [invitationOver, weakPassword, tooManyRequests],
  }),
  unlockAccount: route.post("/accounts/:accountId/unlock", {
    summary: "Let somebody try again at once who was locked out after wrong passwords",
    access: accessWrite,
    effect: "change",
    params: z.object({ accountId: Id }),
    reply: z.object({}),
    faults: [notFound, beyondOwnRights],
  }),
  ...roleRoutes,
});
