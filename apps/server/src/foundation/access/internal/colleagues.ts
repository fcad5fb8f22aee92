import type { Ctx } from "@zhanggui/kit/server/ctx";

/** The departments of an account: those that it belongs to or leads, and all below. */
export async function departmentsOf(ctx: Ctx, accountId: string): Promise<string[]> {
  const rows = await ctx.sql<{ id: string }>`
    WITH RECURSIVE own AS (
      SELECT department_id AS id FROM access_department_member WHERE account_id = ${accountId}
      UNION SELECT id FROM access_department WHERE head_id = ${accountId}
      UNION SELECT below.id FROM access_department below JOIN own ON below.parent_id = own.id
    ) SELECT id FROM own`;
  return rows.map(({ id }) => id);
}

/** The accounts of those departments, their heads with them. */
export async function colleaguesOf(ctx: Ctx, accountId: string): Promise<string[]> {
  const departmentIds = await departmentsOf(ctx, accountId);
  if (departmentIds.length === 0) return [];
  const rows = await ctx.sql<{ id: string }>`
    SELECT account_id AS id FROM access_department_member WHERE department_id = ANY (${departmentIds}::uuid[])
    UNION SELECT head_id FROM access_department WHERE id = ANY (${departmentIds}::uuid[]) AND head_id IS NOT NULL`;
  return rows.map(({ id }) => id);
}
