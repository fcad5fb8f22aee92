// Made from the migrations by `./zg tables`. Don't edit.
import type { Generated, GeneratedAlways } from "kysely";
import type { Json } from "@zhanggui/kit/server/tables";

export interface AudienceTables {
  audience_identity: {
    tenantId: Generated<string>;
    id: Generated<string>;
    personId: string;
    kind: "openid" | "unionid" | "phone" | "mail";
    scope: string;
    value: string;
    following: boolean | null;
    followingSince: Date | null;
    followingBy: string | null;
    createdAt: Generated<Date>;
    reversed: GeneratedAlways<string | null>;
  };
  audience_person: {
    tenantId: Generated<string>;
    id: Generated<string>;
    displayName: string;
    firstChannelId: string | null;
    firstChannelAt: Date | null;
    firstChannelBy: string | null;
    firstSeenAt: Date;
    lastSeenAt: Date;
    mergedInto: string | null;
    createdAt: Generated<Date>;
    displayNameGrams: GeneratedAlways<string[] | null>;
    following: Generated<boolean>;
  };
  audience_person_tag: {
    tenantId: Generated<string>;
    personId: string;
    tagId: string;
    source: "manual" | "channel";
    sourceId: string;
    sourceName: string;
    createdAt: Generated<Date>;
  };
  audience_profile: {
    tenantId: Generated<string>;
    id: Generated<string>;
    wechatAppId: string;
    openid: string;
    unionid: string | null;
    nickname: string | null;
    pictureUrl: string | null;
    agreedAt: Date | null;
    followedAt: Date | null;
    followScene: string | null;
    language: string | null;
    remark: string | null;
    tagIds: Json<number[] | null>;
    fetchedAt: Date | null;
  };
  audience_tag: {
    tenantId: Generated<string>;
    id: Generated<string>;
    name: string;
    createdAt: Generated<Date>;
  };
  audience_timeline: {
    tenantId: Generated<string>;
    id: Generated<string>;
    personId: string;
    kind: string;
    details: Json<Record<string, unknown>>;
    traceId: string;
    at: Date;
  };
}

declare module "@zhanggui/kit/server/tables" {
  interface Tables extends AudienceTables {}
}
