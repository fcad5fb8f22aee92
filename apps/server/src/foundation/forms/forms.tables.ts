// Made from the migrations by `./zg tables`. Don't edit.
import type { Generated, GeneratedAlways } from "kysely";
import type { Json } from "@zhanggui/kit/server/tables";
import type { MadeForm } from "@zhanggui/forms/made-form";
import type { Values } from "@zhanggui/forms/values";

export interface FormsTables {
  forms_answer: {
    tenantId: Generated<string>;
    id: Generated<string>;
    formId: string;
    version: number;
    accountId: string;
    answers: Json<Values>;
    answeredAt: Generated<Date>;
  };
  forms_form: {
    tenantId: Generated<string>;
    id: Generated<string>;
    name: string;
    nameKey: GeneratedAlways<string>;
    enabled: Generated<boolean>;
    draft: Json<MadeForm>;
    revision: Generated<number>;
    publishedRevision: number | null;
    version: number | null;
    changedAt: Generated<Date>;
    createdAt: Generated<Date>;
  };
  forms_version: {
    tenantId: Generated<string>;
    id: Generated<string>;
    formId: string;
    number: number;
    made: Json<MadeForm>;
    publishedBy: string;
    publishedAt: Generated<Date>;
  };
}

declare module "@zhanggui/kit/server/tables" {
  interface Tables extends FormsTables {}
}
