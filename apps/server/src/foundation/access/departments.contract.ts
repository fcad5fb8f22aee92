import { fault } from "@zhanggui/kit/contract/fault";
import { notFound } from "@zhanggui/kit/contract/faults";
import { field } from "@zhanggui/kit/contract/field";
import { Id } from "@zhanggui/kit/contract/ids";
import { list } from "@zhanggui/kit/contract/list";
import { Named } from "@zhanggui/kit/contract/named";
import { oneLine } from "@zhanggui/kit/contract/one-line";
import { route } from "@zhanggui/kit/contract/route";
import { Instant } from "@zhanggui/kit/contract/time";
import { z } from "zod";
import { accessRead, accessWrite, beyondOwnDepartments, beyondOwnRights } from "./roles.contract.ts";

/** A tenant has so many departments at most, one below another so deep. */
export const mostDepartments = 500;
export const deepest = 10;

export const departmentNameTaken = fault("access.department_name_taken", 409, {
  zh: "同一上级下已有名为“{name}”的部门。",
  en: "There is a department called “{name}” there already.",
});
export const departmentInUse = fault("access.department_in_use", 409, {
  zh: "部门里还有 {accounts} 个成员、{departments} 个下级部门，请先移走。",
  en: "It has members ({accounts}) or departments below it ({departments}); move them first.",
});
export const departmentInItself = fault("access.department_in_itself", 422, {
  zh: "不能把部门移到它自己或它的下级之下。",
  en: "A department can't stand below itself.",
});
export const tooManyDepartments = fault("access.too_many_departments", 422, {
  zh: `最多 ${mostDepartments} 个部门、${deepest} 级。`,
  en: `At most ${mostDepartments} departments, ${deepest} deep.`,
});

const headLabel = { zh: "部门主管", en: "Head" };
export const Department = z
  .object({
    id: Id,
    name: field(oneLine(60), { zh: "部门名称", en: "Department" }),
    parentId: field(Id.nullable(), { zh: "上级部门", en: "Below" }, { kind: "department", hidden: true }),
    /** From the top: what it is called is only clear from there. */
    path: field(z.array(z.string()), { zh: "层级", en: "Path" }, { hidden: true }),
    head: field(Named.nullable(), headLabel, { kind: "account" }),
    members: field(z.int(), { zh: "成员数", en: "Members" }, { kind: "count" }),
    createdAt: field(Instant, { zh: "创建于", en: "Created" }, { sort: "id", hidden: true }),
  })
  .meta({ id: "Department" });
const NewDepartment = Department.pick({ name: true, parentId: true })
  .extend({
    headId: field(Id.nullable(), headLabel, {
      kind: "account",
      hint: { zh: "负责本部门及所有下级部门。", en: "Leads this department and all below it." },
    }),
  })
  .partial({ parentId: true, headId: true });
const params = z.object({ departmentId: Id });

/** Who belongs together: part of the contract of accounts. */
export const departmentRoutes = {
  listDepartments: list("/departments", {
    item: Department,
    noun: { zh: "部门", en: "department", plural: "departments" },
    access: accessRead,
    sort: "createdAt",
  }),
  createDepartment: route.post("/departments", {
    summary: "Create a department, below another or at the top",
    access: accessWrite,
    byThemselves: true,
    effect: "change",
    body: NewDepartment,
    reply: Department,
    faults: [notFound, departmentNameTaken, tooManyDepartments, beyondOwnDepartments, beyondOwnRights],
  }),
  updateDepartment: route.patch("/departments/:departmentId", {
    summary: "Rename a department, move it, or give it another head; what people reach changes at once",
    access: accessWrite,
    byThemselves: true,
    effect: "change",
    params,
    body: NewDepartment.partial(),
    reply: Department,
    faults: [
      notFound,
      departmentNameTaken,
      departmentInItself,
      tooManyDepartments,
      beyondOwnDepartments,
      beyondOwnRights,
    ],
  }),
  deleteDepartment: route.delete("/departments/:departmentId", {
    summary: "Delete a department without members, and with none below it",
    access: accessWrite,
    byThemselves: true,
    effect: "destroy",
    params,
    reply: z.object({}),
    faults: [notFound, departmentInUse, beyondOwnDepartments],
  }),
};
