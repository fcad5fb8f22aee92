/** What is made here: the titles of forms, and the palette's actions. */
export const newRole = { zh: "新建角色", en: "New role" };
export const newDepartment = { zh: "新建部门", en: "New department" };
export const newAccount = { zh: "新建账号", en: "New account" };
