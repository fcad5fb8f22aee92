import { fixturesOf } from "../../testing/every-route.ts";
import { forms } from "./forms.contract.ts";

export const fixtures = fixturesOf(forms)(async ({ server, owner }) => {
  const { api } = owner;
  const made = (title: string) => ({ schema: { type: "object", properties: { name: { type: "string", title } } } });
  const begin = async (name: string) => {
    const { id: formId, revision } = await api.forms.create({ name });
    await api.forms.saveDraft({ formId, draft: made("姓名"), ifMatch: revision });
    return formId;
  };
  const formId = await begin("品茶会报名");
  await api.forms.publish({ formId, ifMatch: 2 });
  await api.forms.saveDraft({ formId, draft: made("称呼"), ifMatch: 2 });
  const answers = { name: "阿青" };
  const { id: answerId } = await api.forms.answer({ formId, version: 1, answers });
  const [unused, other, old] = [await begin("没人用过"), await begin("空杯收集"), await begin("旧版")];
  await api.forms.publish({ formId: old, ifMatch: 2 });
  await server.runUntilIdle();
  return {
    list: {},
    create: { name: "新表单", copyOf: formId },
    get: { formId },
    getAbout: { formId },
    update: { formId, enabled: true },
    delete: { formId: unused },
    saveDraft: { formId: other, draft: made("地址"), ifMatch: 2 },
    publish: { formId, ifMatch: 3 },
    takeBack: { formId: old, number: 1, ifMatch: 2 },
    listVersions: { formId },
    getVersion: { formId, number: 1 },
    open: { formId },
    answer: { formId, version: 1, answers },
    listAnswers: { formId },
    getAnswer: { formId, answerId },
    exportAnswers: { formId, headers: {} },
  };
});
