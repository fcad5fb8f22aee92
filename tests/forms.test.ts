import { dependencyProblem, fieldsByPath } from "@zhanggui/forms/form-graph";
import { stateOf } from "@zhanggui/forms/form-state";
import { formOf } from "@zhanggui/forms/form";
import { isJson } from "@zhanggui/kit/contract/body";
import type { Contract } from "@zhanggui/kit/contract/route";
import { schemaOf } from "@zhanggui/kit/contract/schema";
import { contracts } from "@zhanggui/server/contracts";
import { expect, test } from "vitest";

const forms = Object.values(contracts as Readonly<Record<string, Contract>>).flatMap((contract) =>
  Object.values(contract).flatMap(({ id, body }) => (isJson(body) ? [[id, formOf(schemaOf(body))] as const] : [])),
);

test.for(forms)("what the fields of %s depend on is there", ([, form]) => {
  expect(dependencyProblem(form)).toBeUndefined();
  expect([...stateOf(form, {}).keys()].toSorted()).toEqual(form.fields.map(({ name }) => name).toSorted());
});

test("several contracts have forms", () => {
  expect(forms.filter(([, form]) => fieldsByPath(form).size > 0).length).toBeGreaterThan(5);
});
