import type { BuiltInRole } from "@zhanggui/kit/contract/permission";

/** The accounts of the demo tenant, one per role. Shown on the login page while DEMO is on: they are no secret. */
export const demoLogins: readonly { role: BuiltInRole; login: string }[] = [
  { role: "owner", login: "owner@lantern-tea.example" },
  { role: "operator", login: "operator@lantern-tea.example" },
  { role: "finance", login: "finance@lantern-tea.example" },
  { role: "reviewer", login: "reviewer@lantern-tea.example" },
  { role: "developer", login: "developer@lantern-tea.example" },
];
export const demoPassword = "lantern-tea-2026";
