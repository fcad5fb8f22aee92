import { forbidden, notFound } from "@zhanggui/kit/contract/faults";
import type { LocalizedText } from "@zhanggui/kit/contract/text";
import type { Selectable } from "kysely";
import { StepTable } from "../../work/step-table.ts";
import { badMapping } from "../imports.contract.ts";
import type { ImportsTables } from "../imports.tables.ts";

export type ImportRow = Selectable<ImportsTables["imports_import"]>;

/** Whoever began it was disabled, or lost the right to add such things. */
const mayNot: LocalizedText = {
  zh: "发起人的账号已停用，或已没有导入的权限",
  en: "Whoever began it was disabled, or no longer has permission to import this",
};

export const importSteps = new StepTable(
  "imports_import",
  "imports.step",
  {
    [forbidden.code]: mayNot,
    [notFound.code]: { zh: "这里已不能导入", en: "Nothing can be imported there any more" },
    [badMapping.code]: {
      zh: "发起人已不能填写其中的某些列",
      en: "Whoever began it may no longer send some of the columns",
    },
  },
  // What is imported stays imported, and the rows that are left are kept as long as the import is.
  { resumesFailed: true },
);
