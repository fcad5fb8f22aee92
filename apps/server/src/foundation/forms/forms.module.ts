import { defineModule } from "@zhanggui/kit/server/module";
import { accessModule } from "../access/access.module.ts";
import { settingsModule } from "../settings/settings.module.ts";
import { Answers } from "./answers.ts";
import { forms } from "./forms.contract.ts";
import { answered } from "./forms.events.ts";
import { FormsService } from "./forms.service.ts";
import { keepAnswers, olderVersionHours } from "./forms.settings.ts";
import { Versions } from "./versions.ts";

export const formsModule = defineModule(forms, {
  uses: [accessModule, settingsModule],
  services: { forms: FormsService, versions: Versions, answers: Answers },
  routes: ({ forms, versions, answers }) => ({
    list: forms.list,
    create: forms.create,
    get: forms.get,
    getAbout: forms.about,
    update: forms.update,
    delete: forms.delete,
    saveDraft: forms.saveDraft,
    takeBack: versions.takeBack,
    publish: versions.publish,
    listVersions: versions.list,
    getVersion: versions.get,
    open: answers.open,
    answer: answers.answer,
    listAnswers: answers.list,
    getAnswer: answers.get,
    exportAnswers: answers.export,
  }),
  publishes: [answered],
  settings: [olderVersionHours],
  keeps: [keepAnswers],
});
