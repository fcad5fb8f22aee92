import { fixturesOf } from "../../testing/every-route.ts";
import { audience } from "./audience.contract.ts";

export const fixtures = fixturesOf(audience)(async ({ owner }) => {
  const { items } = await owner.api.audience.listPeople({});
  const personId = items[0]!.id;
  const { tags } = await owner.api.audience.addTag({ personId, name: "to be removed" });
  const { tagId } = tags.find(({ name }) => name === "to be removed")!;
  const { identities } = await owner.api.audience.getPerson({ personId });
  const openids = identities.flatMap(({ kind, value }) => (kind === "openid" ? [value] : []));
  return {
    listPeople: {},
    findByOpenid: { openids },
    getPerson: { personId },
    getFigures: {},
    timeline: { personId },
    updatePerson: { personId, displayName: "Somebody" },
    addTag: { personId, name: "another" },
    tagPeople: { ids: [personId], name: "several" },
    untagPeople: { all: true, name: "to be removed", preview: true },
    removeTag: { personId, tagId },
    listTags: {},
  };
});
