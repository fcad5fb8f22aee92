import type { LocalizedText } from "@zhanggui/kit/contract/text";

/** What calls of its routes are to people, in the audit log. */
export const acts: Readonly<Record<string, LocalizedText>> = {
  createPerson: { zh: "新建客户", en: "Add a person" },
  updatePerson: { zh: "修改客户", en: "Change a person" },
  addTag: { zh: "给客户加标签", en: "Tag a person" },
  tagPeople: { zh: "批量加标签", en: "Tag several people" },
  untagPeople: { zh: "批量去掉标签", en: "Take a tag from several people" },
  removeTag: { zh: "去掉客户的标签", en: "Take a tag away" },
  updateTag: { zh: "重命名标签", en: "Rename a tag" },
  deleteTag: { zh: "删除标签", en: "Delete a tag" },
};
