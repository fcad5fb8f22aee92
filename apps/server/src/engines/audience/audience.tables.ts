export interface AudienceTables {
  audience_person: {
    tenant_id: string;
    id: string;
    display_name: string;
    first_channel_id: string | null;
    first_channel_at: Date | null;
    first_channel_by: string | null;
    first_seen_at: Date;
    last_seen_at: Date;
    merged_into: string | null;
    created_at: Date;
  };
  audience_identity: {
    tenant_id: string;
    id: string;
    person_id: string;
    kind: "openid" | "unionid" | "phone" | "mail";
    scope: string;
    value: string;
    following: boolean | null;
    following_since: Date | null;
    following_by: string | null;
    created_at: Date;
  };
  audience_tag: { tenant_id: string; id: string; name: string; created_at: Date };
  audience_person_tag: {
    tenant_id: string;
    person_id: string;
    tag_id: string;
    source: "manual" | "channel";
    source_id: string;
    source_name: string;
    created_at: Date;
  };
  audience_timeline: {
    tenant_id: string;
    id: string;
    person_id: string;
    kind: string;
    details: unknown;
    trace_id: string;
    at: Date;
  };
}

declare module "@zhanggui/kit/server/tables" {
  interface Tables extends AudienceTables {}
}
