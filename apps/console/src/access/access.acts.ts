import type { LocalizedText } from "@zhanggui/kit/contract/text";

/** What calls of its routes are to people, in the audit log. */
export const acts: Readonly<Record<string, LocalizedText>> = {
  setup: { zh: "初始化系统", en: "Set up the system" },
  login: { zh: "登录", en: "Sign in" },
  refresh: { zh: "续期登录", en: "Renew a session" },
  proveTenant: { zh: "验证其他企业的密码", en: "Prove other businesses" },
  switchTenant: { zh: "切换到其他企业", en: "Switch to another business" },
  logout: { zh: "退出登录", en: "Sign out" },
  changePassword: { zh: "修改自己的密码", en: "Change one's password" },
  beginSecondFactor: { zh: "开始设置两步验证", en: "Set up two-step sign-in" },
  confirmSecondFactor: { zh: "启用两步验证", en: "Switch two-step sign-in on" },
  renewRecoveryCodes: { zh: "重新生成恢复码", en: "Make new recovery codes" },
  endSecondFactor: { zh: "关闭两步验证", en: "Switch two-step sign-in off" },
  resetSecondFactor: { zh: "关闭他人的两步验证", en: "Take away somebody's second factor" },
  createAccount: { zh: "新建账号", en: "Create an account" },
  updateAccount: { zh: "修改账号", en: "Change an account" },
  inviteAccount: { zh: "生成设置密码的链接", en: "Make a link to choose a password" },
  acceptInvitation: { zh: "接受邀请", en: "Accept an invitation" },
  unlockAccount: { zh: "解除账号锁定", en: "Unlock an account" },
  createDepartment: { zh: "新建部门", en: "Create a department" },
  updateDepartment: { zh: "修改部门", en: "Change a department" },
  deleteDepartment: { zh: "删除部门", en: "Delete a department" },
  createRole: { zh: "新建角色", en: "Create a role" },
  updateRole: { zh: "修改角色", en: "Change a role" },
  deleteRole: { zh: "删除角色", en: "Delete a role" },
};
