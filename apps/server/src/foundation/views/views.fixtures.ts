import { fixturesOf } from "../../testing/every-route.ts";
import { views } from "./views.contract.ts";

export const fixtures = fixturesOf(views)(async ({ owner }) => {
  const view = { list: "audience.listPeople", query: { following: "true" }, hidden: [] };
  const old = await owner.api.views.create({ ...view, name: "老视图" });
  const { id: viewId } = await owner.api.views.create({ ...view, name: "关注中" });
  return {
    list: {},
    create: { ...view, name: "新客" },
    update: { viewId, name: "关注中的" },
    share: { viewId, isShared: true },
    delete: { viewId: old.id },
  };
});
