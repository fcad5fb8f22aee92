// Made from the migrations by `./zg tables`. Don't edit.
import type { Generated, GeneratedAlways } from "kysely";
import type { Json } from "@zhanggui/kit/server/tables";

export interface TemplatesTables {
  templates_template: {
    tenantId: Generated<string>;
    id: Generated<string>;
    wechatAppId: string;
    kind: "official" | "subscribe";
    templateId: string;
    title: string;
    content: string;
    example: string;
    fields: Json<{ readonly name: string; readonly label: string }[]>;
    lasts: boolean;
    seenAt: Date;
    createdAt: Generated<Date>;
    titleGrams: GeneratedAlways<string[] | null>;
  };
}

declare module "@zhanggui/kit/server/tables" {
  interface Tables extends TemplatesTables {}
}
