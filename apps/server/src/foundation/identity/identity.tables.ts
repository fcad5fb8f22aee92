// Made from the migrations by `./zg tables`. Don't edit.
import type { Generated } from "kysely";

export interface IdentityTables {
  identity_grant: {
    tenantId: Generated<string>;
    providerId: string;
    groupName: string;
    roleId: string;
  };
  identity_provider: {
    tenantId: Generated<string>;
    id: Generated<string>;
    name: string;
    issuer: string;
    clientId: string;
    clientSecretSealed: string | null;
    enabled: boolean;
    linksByEmail: boolean;
    joins: boolean;
    domains: string[];
    groupsClaim: string | null;
    createdAt: Generated<Date>;
  };
  identity_subject: {
    tenantId: Generated<string>;
    providerId: string;
    subject: string;
    accountId: string;
    lastAt: Date;
    createdAt: Generated<Date>;
  };
}

declare module "@zhanggui/kit/server/tables" {
  interface Tables extends IdentityTables {}
}
