// Made from the migrations by `./zg tables`. Don't edit.
import type { Generated, GeneratedAlways } from "kysely";
import type { Json } from "@zhanggui/kit/server/tables";

export interface AccessTables {
  access_account: {
    tenantId: Generated<string>;
    id: Generated<string>;
    login: string;
    displayName: string;
    passwordHash: string;
    disabled: Generated<boolean>;
    createdAt: Generated<Date>;
    hasPassword: Generated<boolean>;
    state: GeneratedAlways<"enabled" | "invited" | "disabled">;
  };
  access_account_role: {
    tenantId: Generated<string>;
    accountId: string;
    roleId: string;
  };
  access_department: {
    tenantId: Generated<string>;
    id: Generated<string>;
    name: string;
    parentId: string | null;
    headId: string | null;
    createdAt: Generated<Date>;
  };
  access_department_member: {
    tenantId: Generated<string>;
    accountId: string;
    departmentId: string;
  };
  access_impersonation: {
    tenantId: Generated<string>;
    sessionId: string;
    impersonatorId: string;
    ownSessionId: string;
    reason: string;
    until: Date;
    createdAt: Generated<Date>;
  };
  access_invitation: {
    tenantId: Generated<string>;
    accountId: string;
    tokenHash: string;
    expiresAt: Date;
    createdAt: Generated<Date>;
    issuedBy: string | null;
  };
  access_login_attempt: {
    subject: string;
    source: string;
    failures: number;
    lastAt: Date;
  };
  access_recovery_code: {
    tenantId: Generated<string>;
    accountId: string;
    codeHash: string;
  };
  access_role: {
    tenantId: Generated<string>;
    id: Generated<string>;
    name: string;
    builtIn: "owner" | "operator" | "finance" | "reviewer" | "developer" | null;
    permissions: string[];
    createdAt: Generated<Date>;
    dataScope: Generated<"own" | "department" | "all">;
  };
  access_second_factor: {
    tenantId: Generated<string>;
    accountId: string;
    secretSealed: string;
    confirmedAt: Date | null;
    lastStep: number | null;
    createdAt: Generated<Date>;
  };
  access_session: {
    tenantId: Generated<string>;
    id: Generated<string>;
    accountId: string;
    refreshHash: string;
    expiresAt: Date;
    endedAt: Date | null;
    endedBecause: string | null;
    createdAt: Generated<Date>;
    previousHash: string | null;
    renewedAt: Date | null;
    agent: Generated<string>;
    source: Generated<string>;
    byProvider: Generated<boolean>;
  };
  access_session_peer: {
    tenantId: Generated<string>;
    sessionId: string;
    peerTenantId: string;
    peerAccountId: string;
    proof: string;
  };
  access_tenant: {
    id: Generated<string>;
    name: string;
    zone: string;
    first: boolean | null;
    createdAt: Generated<Date>;
    plan: Generated<"basic" | "growth" | "enterprise" | "partner">;
    expiresAt: Date | null;
    suspendedAt: Date | null;
    suspendedBecause: Generated<string>;
    limits: Json<Readonly<Record<string, number | null>>, undefined>;
    summary: Generated<string>;
  };
  access_used_refresh: {
    tenantId: Generated<string>;
    sessionId: string;
    refreshHash: string;
  };
}

declare module "@zhanggui/kit/server/tables" {
  interface Tables extends AccessTables {}
}
