import type { Generated } from "kysely";

export interface AccessTables {
  access_tenant: { id: string; name: string; zone: string; first: true | null; created_at: Date };
  access_account: {
    tenant_id: string;
    id: string;
    login: string;
    display_name: string;
    password_hash: string;
    disabled: Generated<boolean>;
    created_at: Date;
  };
  access_role: {
    tenant_id: string;
    id: string;
    name: string;
    built_in: string | null;
    permissions: string[];
    created_at: Date;
  };
  access_account_role: { tenant_id: string; account_id: string; role_id: string };
  access_session: {
    tenant_id: string;
    id: string;
    account_id: string;
    refresh_hash: string;
    expires_at: Date;
    ended_at: Date | null;
    ended_because: string | null;
    created_at: Date;
  };
  access_used_refresh: { tenant_id: string; session_id: string; refresh_hash: string };
  access_login_attempt: { login: string; failures: number; locked_until: Date | null; last_at: Date };
}

declare module "@zhanggui/kit/server/tables" {
  interface Tables extends AccessTables {}
}
